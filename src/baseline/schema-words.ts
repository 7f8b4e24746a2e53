/** A JSON Schema or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** Describes text that may not be empty. */
export const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  minLength: 1,
  description,
  ...more,
});

/** Describes a whole number with its bounds. */
export const integer = (description: string, minimum: number, maximum?: number, more: Schema = {}): Schema => ({
  type: 'integer',
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
  description,
  ...more,
});

/** Describes a share of 100, fractions allowed. */
export const percent = (description: string, more: Schema = {}): Schema => ({
  type: 'number',
  minimum: 0,
  maximum: 100,
  description,
  ...more,
});

/** Describes a duration in Go's grammar, longer than none. */
export const duration = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  format: 'go-duration',
  description,
  ...more,
});

/** Describes a day; the entry counts through its end in UTC. */
export const day = (description: string): Schema => ({ type: 'string', format: 'date', description });

/** Describes a list in which nothing stands twice. */
export const list = (description: string, items: Schema, more: Schema = {}): Schema => ({
  type: 'array',
  items,
  uniqueItems: true,
  description,
  ...more,
});

/** Describes an object with just these keys. */
export const group = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
  description,
});

/** Describes labels that must all match. */
export const matchLabels = (description: string): Schema => ({
  type: 'object',
  minProperties: 1,
  additionalProperties: { type: 'string' },
  description,
});

/** Describes a namespace's or object's name. */
export const name = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  format: 'dns-name',
  description,
  ...more,
});
