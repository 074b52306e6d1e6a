/** Texts of machines that are kept beside the rows they are made of, so that a long list is read and not made. */
import { keepDocuments, labelMachines } from "@rackwright/db/machine-documents";
import type { Region } from "../context.ts";

/** One way to show a machine. */
export interface DocumentKind<T, Shared> {
  name: string;
  /** The machine as text, with holes for what it shares with others. */
  textOf(item: T): string;
  /** Puts in what is shared at one moment. */
  filler(shared: Shared): (text: string) => string;
}

/** Keeps what one reply has made. Nobody waits for that, and what fails is made again the next time. */
export class DocumentKeeper {
  /** Texts of another version of the program are none of ours. */
  readonly kind: string;
  readonly #region: Pick<Region, "db" | "log" | "version">;
  #made: { nodeId: number; label: string; text: string }[] = [];
  #unlabelled: number[] = [];
  #keeping: Promise<void> = Promise.resolve();

  constructor(region: Pick<Region, "db" | "log" | "version">, name: string) {
    this.#region = region;
    this.kind = `${name} ${region.version}`;
  }

  /** @param label of the snapshot that it was made from */
  made(nodeId: number, label: string | null, text: string): void {
    if (label === null) this.#unlabelled.push(nodeId);
    else this.#made.push({ nodeId, label, text });
  }

  /** Keep what was made since the last time. */
  keep(): void {
    const [made, unlabelled] = [this.#made, this.#unlabelled];
    if (made.length + unlabelled.length === 0) return;
    [this.#made, this.#unlabelled] = [[], []];
    const { db, log } = this.#region;
    this.#keeping = this.#keeping
      .then(async () => {
        await keepDocuments(db.kysely, this.kind, made);
        await labelMachines(db.kysely, unlabelled);
      })
      .catch((error: unknown) => log.debug({ err: error }, "texts of machines could not be kept"));
  }

  /** All is kept that was to be: so that no more of it gathers in memory. */
  kept(): Promise<void> {
    return this.#keeping;
  }
}
