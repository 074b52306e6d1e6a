/** A limit to the memory that WebAssembly of this thread may grow to. Called before the program is loaded. */

/** What is used of it: the project's types have no browser in them. */
interface Memory {
  readonly buffer: { readonly byteLength: number };
  grow(pages: number): number;
}
interface WebAssemblyPart {
  Memory: { prototype: Memory };
  RuntimeError: new () => Error;
}
const wasm = (globalThis as unknown as { WebAssembly: WebAssemblyPart }).WebAssembly;

const PAGE_BYTES = 65_536;

/** @returns whether somebody wanted more; Emscripten's programs take the error for "there is no more" */
export function limitMemory(bytes: number): () => boolean {
  // oxlint-disable-next-line typescript/unbound-method
  const grow = wasm.Memory.prototype.grow;
  let exhausted = false;
  wasm.Memory.prototype.grow = function bounded(this: Memory, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE_BYTES <= bytes) return grow.call(this, pages);
    exhausted = true;
    throw new RangeError("WebAssembly wants more memory than it may have");
  };
  return () => exhausted;
}

/** The program itself came to an end, or its stack did: nothing it says afterwards can be trusted. */
export const isBroken = (error: unknown): boolean => error instanceof wasm.RuntimeError || error instanceof RangeError;
