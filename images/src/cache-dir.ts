import { homedir } from "node:os";
import { join } from "node:path";

/** Where built images are kept unless RACKWRIGHT_IMAGE_CACHE says otherwise: one place for demo, tests and script/image. */
export function imageCacheDir(): string {
  const named = process.env.RACKWRIGHT_IMAGE_CACHE;
  if (named !== undefined && named !== "") return named;
  return process.getuid?.() === 0 ? "/var/cache/rackwright/images" : join(homedir(), ".cache/rackwright/images");
}
