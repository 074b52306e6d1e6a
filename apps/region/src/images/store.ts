/** The region's store of image files: content-addressed, verified while they are written. */
import type { Readable } from "node:stream";

export interface ImageStore {
  /** Path of a complete, verified file; undefined when it is not there. */
  path(sha256: string): Promise<string | undefined>;
  /** Take a whole file. @throws DomainError bad_request when its SHA-256 or size differ; nothing is kept then */
  put(source: Readable, expected: { sha256: string; sizeBytes: number }): Promise<void>;
  /** Take a file from this host without copying where the file system can. */
  link(path: string, expected: { sha256: string; sizeBytes: number }): Promise<void>;
  /**
   * Append to an upload that comes in pieces; offset is where this piece begins.
   * @returns bytes held, and whether that was the last one and all is verified
   */
  append(
    upload: { key: string; sha256: string; sizeBytes: number; offset: number },
    source: Readable,
  ): Promise<{ receivedBytes: number; complete: boolean }>;
  /** Bytes that it can still take; what is on its way counts as taken. */
  room(): Promise<number>;
  /** Forget files that nothing refers to any more. */
  prune(keep: ReadonlySet<string>): Promise<void>;
}
