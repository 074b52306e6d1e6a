/** Values for parameters: some that may be right, many that are not. */
import type { Param } from "@rackwright/contract/params";
import type { Dice } from "./dice.ts";
import type { There } from "./there.ts";

/** Bytes, since not all of it is text. */
type Bytes = Uint8Array | string;

const NONSENSE: readonly Bytes[] = [
  "",
  " ",
  "\t\r\n",
  "nonsense",
  "null",
  "undefined",
  "NaN",
  "-1",
  "0",
  "00",
  "1.5",
  "1e400",
  "-0",
  "2147483647",
  "2147483648",
  "99999999999",
  "999999999999999",
  "9223372036854775807",
  "9223372036854775808",
  "9".repeat(400),
  "x".repeat(300),
  "x".repeat(70_000),
  "\u0000",
  "a\u0000b",
  "\ud83d\ude00 \u202e\u0301'\";--%_\\$1",
  "İ",
  "﷽".repeat(90),
  "[]",
  "{}",
  "[1,{}]",
  '{"a":{"b":[null]}}',
  '{"__proto__":{"x":1}}',
  "[".repeat(5_000),
  `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
  String.raw`{"a":"\u0000"}`,
  String.raw`{"a":"\ud800"}`,
  '{"":{"":""}}',
  "../../etc/passwd",
  "..",
  ".",
  "/",
  "__proto__",
  "constructor",
  "toString",
  "1,2,3",
  ",,,",
  "a,b,",
  "::",
  "::1/129",
  "fe80::1%eth0",
  "0.0.0.0",
  "0.0.0.0/0",
  "255.255.255.255",
  "999.1.1.1/99",
  "10.0.0.0/33",
  "00:00:00:00:00:00",
  "ff:ff:ff:ff:ff:ff",
  "zz:zz:zz:zz:zz:zz",
  "(((((",
  "(a+)+$",
  "//*[",
  "ip:1:2.3",
  "vid:99999999999",
  "cidr:999.1.1.1/99",
  "id:abc&name:x",
  "root:5(ssd",
  "eth0:space=",
  "javascript:alert(1)",
  "http://[::1",
  "file:///etc/passwd",
  "=cmd|' /C calc'!A0",
  "2026-13-45T99:99:99",
  Uint8Array.of(0xff, 0xfe, 0x00),
  Uint8Array.of(0xc0, 0xaf),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0x1f, 0x8b, 0x08, 0x00),
];

const SCRIPT =
  "#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: fuzzed\n# script_type: testing\n# --- End MAAS 1.0 script metadata ---\ntrue\n";

/** A value that this parameter might take, by its name; undefined: nothing is known of it. */
function fitting(dice: Dice, name: string, there: There): string | undefined {
  const hex = () => dice.below(256).toString(16).padStart(2, "0");
  const one = (from: readonly string[]) => (from.length === 0 ? "1" : dice.pick(from));
  const address = () => `10.${dice.pick([9, 77])}.0.${dice.below(256)}`;
  if (/mac/.test(name)) return `02:00:00:${hex()}:${hex()}:${hex()}`;
  if (
    /^(system_id|id|machines|nodes|add|remove|source|destinations?|parent|controller)$/.test(name) &&
    dice.percent(60)
  )
    return one(there.systemIds);
  if (/cidr/.test(name)) return `10.${dice.below(256)}.${dice.below(256)}.0/24`;
  if (/(^|_)(ip|gateway)|start_ip|end_ip|address/.test(name)) return address();
  if (/hostname|^name$|username|fqdn/.test(name)) return `f${dice.below(1e6)}${name === "fqdn" ? ".maas" : ""}`;
  if (/device|disk/.test(name)) return one(there.idsOf("block_device"));
  if (/partition/.test(name)) return one(there.idsOf("partition"));
  if (/parents?|interface|link/.test(name)) return one(there.idsOf("interface"));
  for (const table of ["subnet", "vlan", "fabric", "space", "zone", "domain", "pool", "tag"])
    if (name.includes(table)) return dice.percent(50) ? one(there.idsOf(table)) : one(there.namesOf(table));
  if (name === "vid") return String(dice.below(4200));
  if (/size/.test(name)) return dice.pick(["1073741824", "5368709120", "10%", "1"]);
  if (name === "script") return SCRIPT;
  if (/architecture/.test(name)) return "amd64/generic";
  if (/power_type/.test(name)) return dice.pick(["manual", "webhook", "ipmi"]);
  if (/comment|description|title|message/.test(name)) return "words";
  if (/url|uri/.test(name)) return "http://192.0.2.1/x";
  return undefined;
}

export function valueFor(dice: Dice, name: string, param: Param<unknown> | undefined, there: There): Bytes {
  if (dice.percent(35)) return dice.pick(NONSENSE);
  if (param?.choices && param.choices.length > 0) return dice.pick(param.choices);
  const fits = fitting(dice, name, there);
  if (fits !== undefined) return fits;
  switch (param?.kind) {
    case "integer":
    case "number":
      return String(dice.below(dice.pick([3, 100, 5000])));
    case "flag":
      return dice.pick(["true", "false", "1", "off"]);
    case "json":
      return dice.pick(["{}", "[]", '{"a": 1}', '"text"']);
    default:
      return dice.percent(60) ? `word${dice.below(100)}` : dice.pick(NONSENSE);
  }
}

export const nonsense = (dice: Dice): Bytes => dice.pick(NONSENSE);
