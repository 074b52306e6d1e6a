/**
 * A filter as text, divided into terms; nothing is known of fields here.
 *
 *     filter = { blank | term }
 *     term   = [ "-" | "!" ] ( word | field ":" ( "(" value { "," value } ")" | value { "," value } ) )
 *     value  = [ "!" ] [ "=" | "<" | "<=" | ">" | ">=" ] word
 *     word   = characters that mean nothing here, or "anything, with \" and \\"
 */
export type Operator = "" | "=" | "<" | "<=" | ">" | ">=";

export interface RawValue {
  at: number;
  end: number;
  negated: boolean;
  operator: Operator;
  text: string;
}

export interface RawTerm {
  at: number;
  end: number;
  negated: boolean;
  /** undefined: a bare word, the only value. */
  field: { at: number; text: string } | undefined;
  values: RawValue[];
}

/** What is wrong, and where: characters from 0. The rest of the filter still applies. */
export interface Problem {
  at: number;
  end: number;
  message: string;
}

const FIELD = /([a-z_][\w-]*):/iy;
/** MAC and IPv6 addresses, also their beginnings, are no fields: two colons or more. */
const ADDRESS = /[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,}(?=\s|$)/iy;
const OPERATOR = /<=|>=|<|>|=/y;
const BLANKS = /\s*/y;

class Reader {
  at = 0;
  readonly text: string;
  readonly problems: Problem[] = [];
  constructor(text: string) {
    this.text = text;
  }

  /** What stands here and matches the sticky pattern; it is passed over. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text) ?? undefined;
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  isAt(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }

  takeOne(...characters: string[]): boolean {
    const is = characters.includes(this.text[this.at] ?? "end");
    if (is) this.at += 1;
    return is;
  }

  problem(at: number, message: string): void {
    this.problems.push({ at, end: Math.max(this.at, at + 1), message });
  }

  /** @param stop a character that ends a word here, besides blanks */
  word(stop: RegExp): string {
    const from = this.at;
    if (!this.takeOne('"')) {
      while (this.at < this.text.length && !stop.test(this.text[this.at] ?? "")) this.at += 1;
      return this.text.slice(from, this.at).trim();
    }
    let word = "";
    while (this.at < this.text.length) {
      if (this.takeOne('"')) return word;
      if (this.text[this.at] === "\\" && /["\\]/.test(this.text[this.at + 1] ?? "")) this.at += 1;
      word += this.text[this.at] ?? "";
      this.at += 1;
    }
    this.problem(from, 'this quotation does not end: put " after it');
    return word;
  }

  value(stop: RegExp): RawValue {
    const at = this.at;
    const negated = this.takeOne("!");
    const operator = (this.take(OPERATOR)?.[0] ?? "") as Operator;
    return { at, negated, operator, text: this.word(stop), end: this.at };
  }

  values(): RawValue[] {
    const open = this.at;
    const values: RawValue[] = [];
    const inside = this.takeOne("(");
    do {
      if (inside) this.take(BLANKS);
      values.push(this.value(inside ? /[,()]/ : /[\s,()]/));
      // Inside of brackets words may have blanks: failed testing.
      if (inside) this.take(BLANKS);
    } while (this.takeOne(","));
    if (inside && !this.takeOne(")")) {
      this.at = this.text.length;
      this.problem(open, "this bracket is not closed: put ) after the last value");
    }
    return values;
  }

  term(): RawTerm {
    const at = this.at;
    const negated = this.takeOne("-", "!");
    const name = this.isAt(ADDRESS) ? undefined : this.take(FIELD);
    const field = name && { at: this.at - name[0].length, text: name[1] ?? "" };
    const values = field
      ? this.values()
      : [{ at: this.at, negated: false, operator: "" as const, text: this.word(/\s/), end: this.at }];
    const rest = this.at;
    if (rest < this.text.length && !/\s/.test(this.text[rest] ?? "")) {
      this.word(/\s/);
      this.problem(rest, `nothing can follow here: put a blank before it, or all of the value in ""`);
    }
    return { at, end: this.at, negated, field, values };
  }
}

export function readTerms(text: string): { terms: RawTerm[]; problems: Problem[] } {
  const reader = new Reader(text);
  const terms: RawTerm[] = [];
  for (;;) {
    reader.take(BLANKS);
    if (reader.at >= text.length) return { terms, problems: reader.problems };
    terms.push(reader.term());
  }
}
