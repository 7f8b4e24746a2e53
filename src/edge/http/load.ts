import type { ServerResponse } from 'node:http';

/** So many at once, or so many bytes: beyond that a quick 503 serves the caller better than a slow answer. */
export const MAX_IN_FLIGHT = 256;
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;

/** Counts the reviews and the bytes that are under way, from the request's head to the answer's end. */
export class Load {
  readonly #gauge: { readonly set: (value: number) => void };
  readonly #largest: number;
  #reviews = 0;
  #bytes = 0;

  constructor(gauge: { readonly set: (value: number) => void }, largestBytes: number) {
    this.#gauge = gauge;
    this.#largest = largestBytes;
  }

  /** Takes a request on until its answer is sent or its connection gone; false when that would be one too many. */
  take(contentLength: string | undefined, answer: ServerResponse): boolean {
    const announced = Number(contentLength ?? Number.NaN);
    // A body of unknown length counts as the longest that will be read.
    const bytes = Number.isFinite(announced) ? Math.min(announced, this.#largest) : this.#largest;
    if (this.#reviews >= MAX_IN_FLIGHT || this.#bytes + bytes > MAX_BYTES_IN_FLIGHT) return false;
    this.#add(1, bytes);
    answer.once('close', () => this.#add(-1, -bytes));
    return true;
  }

  #add(reviews: number, bytes: number): void {
    this.#reviews += reviews;
    this.#bytes += bytes;
    this.#gauge.set(this.#reviews);
  }
}
