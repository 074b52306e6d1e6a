/** iPXE scripts: a fixed one that tells iPXE where to ask, and the machine's own, which the region writes. */
import { isIPv6 } from "node:net";
import type { BootRequest } from "@rackwright/contract/rack-protocol";
import type { BootFile, BootFiles, BootLog, FileRequest } from "./boot-files.ts";

export interface RegionBootFilesOptions {
  bootScript(request: BootRequest): Promise<string | null>;
  /** Of HTTP boot. */
  port: () => number;
  log: BootLog;
}

const RETRY_SECONDS = 10;

/** The MAC in the name of a machine's script; undefined for any other file. */
export function macOfScript(path: string): string | undefined {
  const name = /^ipxe\.cfg-([0-9a-f]{2}([:-][0-9a-f]{2}){5})$/i.exec(path)?.[1];
  return name?.toLowerCase().replaceAll("-", ":");
}

/** `ipxe.cfg` and `ipxe.cfg-<mac>`. */
export function regionBootFiles(options: RegionBootFilesOptions): BootFiles {
  /**
   * What the region is being asked: whoever repeats itself meanwhile hears the same answer. It is not kept: within a second a machine
   * may have been started for something else, and the script of before has a secret that is no longer good.
   */
  const asked = new Map<string, Promise<string>>();

  const ask = (request: BootRequest, self: string): Promise<string> => {
    const key = JSON.stringify(request);
    const known = asked.get(key);
    if (known) return known;
    const script = options
      .bootScript(request)
      .then(
        (text) => text ?? nothingScript,
        (error: unknown) => {
          options.log.warn({ err: error, mac: request.mac }, "the region gave no boot script: the machine asks again");
          return awayScript(error instanceof Error ? error.message : String(error), self);
        },
      )
      .finally(() => asked.delete(key));
    asked.set(key, script);
    return script;
  };

  return {
    async open(file) {
      const origin = originFor(file, options.port());
      if (origin === undefined) return undefined;
      if (file.path === "ipxe.cfg") return textFile(firstScript(origin));
      const mac = macOfScript(file.path);
      if (mac === undefined || file.localAddress === undefined) return undefined;
      const { remoteAddress, localAddress } = file;
      const request = { mac, remoteAddress, localAddress, httpPort: options.port(), ...said(file.query) };
      return textFile(await ask(request, `${origin}/ipxe.cfg`));
    },
  };
}

const textFile = (text: string): BootFile => ({
  kind: "buffer",
  bytes: new TextEncoder().encode(text),
  contentType: "text/plain; charset=utf-8",
});

/** The rack as this machine reaches it. */
function originFor({ localAddress }: FileRequest, port: number): string | undefined {
  if (localAddress === undefined) return undefined;
  return `http://${isIPv6(localAddress) ? `[${localAddress}]` : localAddress}:${port}`;
}

/** What iPXE says of the machine. Values come from its firmware, so only what looks as it should goes on. */
function said(query: string | undefined): Pick<BootRequest, "uuid" | "buildArch" | "platform"> {
  const values = new URLSearchParams(query ?? "");
  const get = (name: string, shape: RegExp) => {
    const value = values.get(name)?.toLowerCase() ?? "";
    return shape.test(value) ? value : null;
  };
  return {
    uuid: get("uuid", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    buildArch: get("buildarch", /^[a-z0-9_]{1,16}$/),
    platform: get("platform", /^(pcbios|efi)$/),
  };
}

/** `--replace`: when the machine's own script ends, so does this one; only a script that could not be fetched is asked for again. */
const firstScript = (origin: string) => `#!ipxe
echo Rackwright: asking ${origin} what to boot
:ask
chain --replace --autofree ${origin}/ipxe.cfg-\${mac:hexhyp}?uuid=\${uuid}&platform=\${platform}&buildarch=\${buildarch}&serial=\${serial:uristring} || goto failed
:failed
echo Rackwright: the rack controller ${origin} gave no boot script for \${mac}. Asking again in 5 seconds.
sleep 5
goto ask
`;

const nothingScript = `#!ipxe
echo Rackwright: there is nothing to boot by network for this machine
sleep 3
exit
`;

const awayScript = (reason: string, self: string) => `#!ipxe
echo Rackwright: no boot script now: ${plain(reason)}
echo Asking again in ${RETRY_SECONDS} seconds.
sleep ${RETRY_SECONDS}
chain --replace --autofree ${self} || reboot
`;

/** Words for iPXE's echo: nothing that it would expand or take for an operator. */
const plain = (text: string) => text.replace(/[^A-Za-z0-9 .,:;()'/_-]+/g, " ").slice(0, 200);
