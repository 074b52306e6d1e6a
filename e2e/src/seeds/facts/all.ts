/** Every row of both documents, in the order of their ids. */
import type { Fact } from "./fact.ts";
import {
  allocateFacts,
  commandLineFacts,
  commissionFacts,
  pageFacts,
  runningFacts,
} from "./life.ts";
import { machineFacts } from "./machine.ts";
import { networkFacts } from "./network.ts";
import { resultFacts } from "./results.ts";
import { scriptFacts } from "./scripts.ts";

const all = [
  ...commandLineFacts,
  ...commissionFacts,
  ...machineFacts,
  ...scriptFacts,
  ...resultFacts,
  ...networkFacts,
  ...allocateFacts,
  ...runningFacts,
  ...pageFacts,
];

export const facts: readonly Fact[] = all.toSorted(([a], [b]) => (a < b ? -1 : 1));

const byId = new Map(facts.map((fact) => [fact[0], fact]));

export const factOf = (id: string): Fact | undefined => byId.get(id);
