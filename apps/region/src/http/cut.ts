/** Bytes as they come, of which only beginning and end are kept when there are too many: programs say last what went wrong. */
export interface CutLimits {
  head: number;
  tail: number;
}

export class Cut {
  readonly #limits: CutLimits;
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #total = 0;

  constructor(limits: CutLimits) {
    this.#limits = limits;
  }

  /** Bytes that are held now. */
  get held(): number {
    return this.#headBytes + this.#tailBytes;
  }

  add(chunk: Buffer): void {
    this.#total += chunk.length;
    const first = chunk.subarray(0, this.#limits.head - this.#headBytes);
    if (first.length > 0) this.#head.push(first);
    this.#headBytes += first.length;
    const rest = chunk.subarray(first.length);
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    for (let oldest = this.#tail[0]; oldest && this.#tailBytes - oldest.length >= this.#limits.tail; ) {
      this.#tail.shift();
      this.#tailBytes -= oldest.length;
      oldest = this.#tail[0];
    }
  }

  /** All of it, or both ends with a note between them of what is missing. */
  finish(): Buffer {
    const tail = Buffer.concat(this.#tail).subarray(-this.#limits.tail);
    const missing = this.#total - this.#headBytes - (this.#limits.tail === 0 ? 0 : tail.length);
    const note = missing > 0 ? [Buffer.from(`\n[Cut here: ${missing} of ${this.#total} bytes are not kept.]\n`)] : [];
    return Buffer.concat([...this.#head, ...note, ...(this.#limits.tail === 0 ? [] : [tail])]);
  }
}
