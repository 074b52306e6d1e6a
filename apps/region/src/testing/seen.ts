/** Which actions of the API, and which of their listed refusals, tests have seen; and what no test can see, and why. */
import { allActions } from "@rackwright/contract/table";
import { keyOf } from "../http/route.ts";
import { knownActions } from "./facts.ts";

/** They visit the whole contract at random: what they see, they see by chance, and nobody looks at it. */
export const BY_CHANCE: ReadonlySet<string> = new Set(["nonsense.db.test.ts", "fuzz.db.test.ts"]);
/**
 * They visit the whole contract too, and look at who is let in. That nobody is, and that plain users are not where an administrator is
 * needed, is seen by them; what is somebody's own wants a test that has an owner.
 */
const BY_CALLER: ReadonlySet<string> = new Set(["authorization.db.test.ts", "ownership.db.test.ts"]);
const forAdministrators: ReadonlySet<string> = new Set(
  allActions()
    .filter(({ access }) => access === "admin")
    .map(keyOf),
);
const isOfCaller = (key: string, status: string) =>
  status === "401" || (status === "403" && forAdministrators.has(key));

interface Exception {
  actions: string;
  status: number;
  /** What is answered in place of it: this has to be seen. */
  instead?: number;
  why: string;
}

const JOB = "power is switched by a job that tries again: what becomes of it is told by events, timeline and diagnose";
const DOCUMENTED = "in the original's documentation alone: there is nothing to be found by this request";
const CRASH = "where the original fails";
const ALWAYS_FAILS = "the original answers this operation with an error, whatever it is sent";
const FOR_ALL =
  "these are seen by everybody who has a key; a machine's own is refused everywhere (authorization.db.test.ts)";
const RACKS = "racks are not tested: there is nothing to test, abort or override";

export const EXCEPTIONS: readonly Exception[] = [
  { actions: "RackController.test", status: 200, instead: 400, why: RACKS },
  { actions: "RackController.abort RackController.override_failed_testing", status: 200, instead: 409, why: RACKS },
  { actions: "AgentConfig.create", status: 501, instead: 405, why: ALWAYS_FAILS },
  { actions: "VirtualMachines.create", status: 500, instead: 405, why: ALWAYS_FAILS },
  { actions: "AgentConfig.read BootResource.delete", status: 500, instead: 404, why: CRASH },
  { actions: "Notification.dismiss Users.create", status: 500, instead: 400, why: CRASH },
  {
    actions: "Partitions.read",
    status: 500,
    instead: 200,
    why: "where the original fails: without a table, no partitions",
  },
  {
    actions: "Users.create",
    status: 409,
    instead: 400,
    why: "a name that is taken is refused by its field, also of two at once",
  },
  { actions: "IPAddresses.release", status: 404, instead: 400, why: DOCUMENTED },
  {
    actions: "LicenseKey.delete",
    status: 404,
    instead: 204,
    why: `${DOCUMENTED}; one that is gone already is no error`,
  },
  { actions: "Pods.create VmHosts.create", status: 404, instead: 400, why: DOCUMENTED },
  {
    actions:
      "Machines.clone Machines.set_zone Devices.set_zone Nodes.set_zone RackControllers.set_zone RegionControllers.set_zone",
    status: 403,
    instead: 400,
    why: "in the original's documentation alone: which machine the caller may not have is said by field",
  },
  {
    actions:
      "Device.read Device.details RackController.read RackController.details RackController.query_power_state RegionController.read RegionController.details",
    status: 403,
    instead: 200,
    why: FOR_ALL,
  },
  { actions: "Devices.create", status: 403, instead: 200, why: "every user may have devices" },
  { actions: "RackController.power_on", status: 409, why: "racks belong to the installation and have no owner" },
  { actions: "Machine.power_off Machine.rescue_mode Machine.exit_rescue_mode", status: 503, why: JOB },
];

export interface Verdict {
  /** Lines for people: how much of how much. */
  figures: string[];
  /** What is missing, or excepted for nothing. Empty: all is well. */
  complaints: string[];
}

/** @param record lines of `record-actions.ts` */
export function judge(record: string): Verdict {
  const lines = record.split("\n").map((line) => line.split("\t"));
  // Those of every test: neither a failure of ours, nor an action that is not there.
  const failures = lines.filter(([, status]) => status === "500" || status === "501");
  const seen = new Set(
    lines.flatMap(([key = "", status = "", test = ""]) => {
      const counts = !BY_CHANCE.has(test) && (!BY_CALLER.has(test) || isOfCaller(key, status));
      return counts ? [`${key} ${status}`] : [];
    }),
  );
  const excepted = new Map(
    EXCEPTIONS.flatMap((exception) =>
      exception.actions.split(" ").map((key) => [`${key} ${exception.status}`, exception]),
    ),
  );
  const known = knownActions();
  const ours = allActions().filter((action) => !known.some((one) => one.action === action));
  const successes = [
    ...known.map(({ action, success }) => `${keyOf(action)} ${success}`),
    ...ours.map((action) => `${keyOf(action)} ${action.success}`),
  ];
  const refusals = known.flatMap(({ action, errors }) => errors.map((status) => `${keyOf(action)} ${status}`));
  const listed = new Set([...successes, ...refusals]);
  const count = (all: readonly string[]) =>
    `${all.filter((one) => seen.has(one)).length} of ${all.length} seen, ${all.filter((one) => excepted.has(one)).length} excepted`;
  return {
    figures: [`actions that did what they are for: ${count(successes)}`, `listed refusals: ${count(refusals)}`],
    complaints: [
      ...failures.map(([key, status, test]) => `${key} ${status}: answered in ${test}`),
      ...[...listed].filter((one) => !seen.has(one) && !excepted.has(one)).map((one) => `${one}: no test has seen it`),
      ...[...excepted].flatMap(([one, { instead }]) => {
        if (!listed.has(one)) return [`${one}: excepted, and listed nowhere`];
        if (seen.has(one)) return [`${one}: excepted, and seen`];
        const other = `${one.split(" ")[0]} ${instead}`;
        return instead === undefined || seen.has(other) ? [] : [`${other}, in place of ${one}: no test has seen it`];
      }),
    ],
  };
}
