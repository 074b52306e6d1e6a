/** Where boot files come from: layers asked one after the other, the same for TFTP and HTTP. */
import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

export interface FileRequest {
  /** As `bootPath` makes it: no leading slash, no `..`. */
  path: string;
  remoteAddress: string;
  /** Address of ours that the machine speaks to. */
  localAddress?: string;
  via: "tftp" | "http";
  /** Of an HTTP request, without the question mark. */
  query?: string;
}

export type BootFile =
  | { kind: "buffer"; bytes: Uint8Array; contentType?: string }
  | { kind: "file"; path: string; sizeBytes: number; contentType?: string };

export interface BootFiles {
  /** Undefined: not ours, ask the next. @throws BootFileUnavailable when it is ours and cannot be had now */
  open(request: FileRequest): Promise<BootFile | undefined>;
}

/** The file is known and not to be had at the moment. The message goes to the machine's console and to the timeline. */
export class BootFileUnavailable extends Error {
  readonly retryAfterSeconds: number;

  constructor(message: string, options: { retryAfterSeconds: number; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "BootFileUnavailable";
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** What the file services log with; pino fits. */
export interface BootLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export const bootFileSize = (file: BootFile): number => (file.kind === "buffer" ? file.bytes.length : file.sizeBytes);

/** The first layer that has the file answers. */
export const layerBootFiles = (...layers: BootFiles[]): BootFiles => ({
  async open(request) {
    for (const layer of layers) {
      const file = await layer.open(request);
      if (file) return file;
    }
    return undefined;
  },
});

/** The same files again below `prefix`: firmware that boots by HTTP asks for images/bootx64.efi. */
export const mountBootFiles = (prefix: string, files: BootFiles): BootFiles => ({
  async open(request) {
    if (!request.path.startsWith(`${prefix}/`)) return undefined;
    return files.open({ ...request, path: request.path.slice(prefix.length + 1) });
  },
});

/** GRUB asks by TFTP for module lists (`command.lst`, `fs.lst` ...) that a signed, self-contained loader lacks: an empty one is "none". */
export const emptyLists: BootFiles = {
  async open({ path, via }) {
    return via === "tftp" && path.endsWith(".lst") ? { kind: "buffer", bytes: new Uint8Array(0) } : undefined;
  },
};

/** Regular files below `dir`, of bootloaders. Symbolic links count only where they end inside of it. */
export const directoryBootFiles = (dir: string): BootFiles => ({
  async open({ path }) {
    try {
      const root = await realpath(dir);
      const real = await realpath(join(root, path));
      if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
      const found = await stat(real);
      return found.isFile() ? { kind: "file", path: real, sizeBytes: found.size } : undefined;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw new Error(`cannot read boot file ${path} in ${dir}`, { cause: error });
    }
  },
});

const isAbsence = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  ["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP"].includes(String(error.code));
