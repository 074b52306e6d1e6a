/** The document that definitions are evaluated over, made of what lshw and lldpctl printed. */

export interface Details {
  /** What `lshw -xml` printed; null when the machine has not sent it. */
  lshw: string | null;
  /** What `lldpctl -f xml` printed. */
  lldp: string | null;
}

/**
 * One document: `list` with what is inside lshw's `list`, in no namespace, then the same in the namespace `lshw` if that is asked for, then
 * lldpctl's `lldp` with all that is in it in the namespace `lldp`. Text is put together, not trees: a document type or a second root, where
 * somebody put one, is a syntax error inside an element.
 * @returns undefined when there is nothing of either
 */
export function compositeDocument({ lshw, lldp }: Details, options: { lshwNamespace: boolean }): string | undefined {
  const hardware = withoutProlog(lshw ?? "");
  const neighbours = withoutProlog(lldp ?? "");
  if (hardware === "" && neighbours === "") return undefined;
  const inside = /^<list(?:\s[^<>]*)?>([\s\S]*)<\/list>\s*$/.exec(hardware)?.[1] ?? hardware;
  const again = options.lshwNamespace && inside !== "" ? `<list xmlns="lshw">${inside}</list>` : "";
  return `<list xmlns:lshw="lshw" xmlns:lldp="lldp">${inside}${again}${neighbours.replace(/^<lldp(?=[\s/>])/, '<lldp xmlns="lldp"')}</list>`;
}

/** From the root element on: lshw begins with a declaration and says in comments who made it. */
function withoutProlog(text: string): string {
  let rest = text.replace(/^\uFEFF/, "").trim();
  for (;;) {
    const end = rest.startsWith("<?") ? rest.indexOf("?>") + 2 : rest.startsWith("<!--") ? rest.indexOf("-->") + 3 : 0;
    if (end < 2 || (rest.startsWith("<!--") && end < 3)) break;
    rest = rest.slice(end).trimStart();
  }
  return rest;
}

/** Characters that XML 1.0 section 2.2 has not, and firmware puts into serial numbers all the same. */
export const withoutControls = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\uFFFD");
