/** The levels that `--log-level` takes. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** A level of the log: error = someone must act, warn = will need acting, info = decisions, debug = shapes. */
export type LogLevel = (typeof LOG_LEVELS)[number];
