/** Images: there, whole, and through. */
import { type Rule, rule } from "./case.ts";
import { ago, calledMetadata, file, patience, quoted, said, seconds, span } from "./seen.ts";

/** A file server that moves nothing for this long has stalled. */
const STALLED_SECONDS = 60;

export const imageRules: readonly Rule[] = [
  rule("no_image", (c) =>
    c.facts.imagePresent === false && !calledMetadata(c)
      ? {
          summary: `There is no image for ${c.facts.architecture || "this architecture"} to boot the machine into (${c.facts.imageName}).`,
          expected: "A complete commissioning image of the machine's architecture.",
          checks: [
            "boot-resources read: build one with script/image, and start with script/up --image DIR.",
            "commissioning_distro_series in the settings.",
            "The machine's architecture.",
          ],
        }
      : undefined,
  ),
  rule("image_checksum", (c) => {
    const e = said(
      c,
      /has sha256 [0-9a-f]+, not|sha256 expected \S+ got|checksum (?:mismatch|differs|is wrong|failed)|wrong checksum|stage=verify failed/i,
    );
    // The second download was whole, or the system would not run.
    if (!e || (/stage=verify retry/.test(e.text) && calledMetadata(c))) return undefined;
    return {
      summary: `The image arrived damaged: ${quoted(e.text)}.`,
      expected: "What arrives has the checksum that the image was registered with.",
      checks: [
        "The image's file on the region and on the rack controller: upload it again.",
        "A proxy or cache between them.",
        "The machine's memory and network card.",
      ],
    };
  }),
  rule("image_stalled", (c) => {
    const late = said(
      c,
      /squashfs.*could not be had|nothing received for \d+ s|stage=download failed|stopped at \d+ of \d+ bytes/i,
    );
    const image = file(c, /squashfs$|root-?image|\.tgz$/);
    if (calledMetadata(c) && !late) return undefined;
    const stalled = patience(c, STALLED_SECONDS);
    const silent = image && ["started", "waiting"].includes(image.outcome) ? seconds(image.last.at, c.now) : 0;
    if (!late && silent < stalled && image?.outcome !== "failed") return undefined;
    const how = late ? quoted(late.text) : `${quoted(image?.last.text ?? "")}, ${image ? ago(c, image.last) : ""}`;
    return {
      summary: `The download of the system's image stalled${silent >= stalled ? ` for ${span(silent)}` : ""}: ${how}.`,
      expected: "The image is fetched in one go, in seconds on a fast network.",
      checks: [
        "The link between machine and rack controller: speed, errors on the port.",
        "Load and free disk space of the rack controller.",
        "Whether the rack controller has the whole image yet.",
      ],
    };
  }),
];
