/** `node images/src/main.ts --flavour cloud --cache DIR`: the image's manifest on stdout, progress on stderr. */
import { parseArgs } from "node:util";
import { buildImage } from "./build.ts";
import { imageCacheDir } from "./cache-dir.ts";
import { flavours } from "./manifest.ts";

const usage = `usage: node images/src/main.ts --flavour ${flavours.join("|")} [--cache DIR]`;

const { values } = parseArgs({ options: { flavour: { type: "string" }, cache: { type: "string" } } });
const flavour = flavours.find((name) => name === values.flavour);
if (flavour === undefined) {
  console.error(usage);
  process.exit(2);
}

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));

try {
  const progress = (line: string) => console.error(line);
  const manifest = await buildImage({
    flavour,
    cacheDir: values.cache ?? imageCacheDir(),
    progress,
    signal: stop.signal,
  });
  console.log(JSON.stringify(manifest, undefined, 2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
