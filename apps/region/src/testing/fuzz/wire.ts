/** Requests as bytes: in the shapes that clients send, and in some that nobody does. */
import type { Dice } from "./dice.ts";

export type Field = [name: string, value: Uint8Array | string];

export interface Body {
  headers: Record<string, string>;
  body: Uint8Array;
}

const bytesOf = (value: Uint8Array | string): Buffer => Buffer.from(value as Uint8Array);

/** Percent-encoded, what is no UTF-8 too. */
export function urlencode(fields: readonly Field[]): string {
  const word = (value: Uint8Array | string) =>
    [...bytesOf(value)]
      .map((byte) =>
        /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
          ? String.fromCharCode(byte)
          : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`,
      )
      .join("");
  return fields.map(([name, value]) => `${word(name)}=${word(value)}`).join("&");
}

function multipart(dice: Dice, fields: readonly Field[]): Body {
  const boundary = dice.percent(90) ? "fuzz=boundary" : 'a"b';
  const parts = fields.flatMap(([name, value]) => {
    const shape = dice.below(4);
    const encoded = shape === 1;
    const header =
      `--${boundary}\r\nContent-Disposition: form-data; name="${name.replaceAll(/["\r\n]/g, "")}"` +
      (shape === 2 ? `; filename="${dice.pick(["f", "../../x", "a\u0000b", ""])}"` : "") +
      (shape === 3 ? "\r\nContent-Type: application/octet-stream" : "") +
      (encoded ? "\r\nContent-Transfer-Encoding: base64" : "");
    const body = encoded
      ? Buffer.from(dice.percent(90) ? bytesOf(value).toString("base64") : "!!!no base64")
      : bytesOf(value);
    return [Buffer.from(`${header}\r\n\r\n`), body, Buffer.from("\r\n")];
  });
  const end = dice.percent(90) ? `--${boundary}--\r\n` : "";
  return {
    headers: { "content-type": `multipart/form-data; boundary="${boundary}"` },
    body: Buffer.concat([...parts, Buffer.from(end)]),
  };
}

function json(dice: Dice, fields: readonly Field[]): Body {
  const odd: unknown[] = [null, true, 1e308, -0.5, [], [[]], [{}, null], { a: 1 }, 2 ** 53];
  const values = fields.map(([name, value]) => [name, dice.percent(25) ? dice.pick(odd) : bytesOf(value).toString()]);
  const whole: unknown = dice.percent(92) ? Object.fromEntries(values) : dice.pick([...odd, "text", [values]]);
  const text = dice.percent(95) ? JSON.stringify(whole) : '{"a":';
  return { headers: { "content-type": "application/json" }, body: Buffer.from(text) };
}

const ODD_TYPES = [
  "application/x-www-form-urlencoded; charset=utf-16",
  "text/plain",
  "application/octet-stream",
  "multipart/form-data",
  "multipart/form-data; boundary=",
  "application/xml",
  "Application/JSON; x=y",
  "nonsense",
  ";;;",
  "*/*",
];

export function bodyOf(dice: Dice, fields: readonly Field[]): Body {
  switch (dice.below(8)) {
    case 0:
    case 1:
      return multipart(dice, fields);
    case 2:
    case 3:
      return json(dice, fields);
    case 4:
      if (dice.percent(50))
        return { headers: { "content-type": dice.pick(ODD_TYPES) }, body: Buffer.from(urlencode(fields)) };
      return { headers: {}, body: Buffer.concat(fields.map(([, value]) => bytesOf(value))) };
    default:
      return { headers: { "content-type": "application/x-www-form-urlencoded" }, body: Buffer.from(urlencode(fields)) };
  }
}
