/** A machine of the lab for the life by API 1.0. */
import type { LabMachine } from "@rackwright/lab/lab";
import { until } from "@rackwright/testkit/until";
import { ApiClient } from "../client.ts";
import { bmcOf } from "../faults/lab.ts";
import { rootFromSerial, settledFromSerial, USER_DATA } from "../journey.ts";
import { type Call, liveByOldApi, type OldLife } from "../old-api/life.ts";
import type { Site } from "../site.ts";

/** An installation takes two minutes; other tests may keep the host busy. */
const STEP_MS = 1_200_000;
const START_MS = 600_000;

/** It says on its serial line when its system starts, also later. */
export function liveInLab(site: Site, machine: LabMachine, say: (line: string) => void): Promise<OldLife> {
  const calls = (api: ApiClient): Call => {
    return (method, path, form) => api.call(method, `/${path}`, method === "GET" ? undefined : (form ?? {}));
  };
  return liveByOldApi({
    old: calls(new ApiClient(site.socket, site.apiKey, "1.0")),
    stranger: calls(new ApiClient(site.socket, "", "1.0")),
    now: calls(site.api),
    username: site.username,
    mac: machine.macs[0] ?? "",
    power: bmcOf(machine),
    userData: USER_DATA,
    timeoutMs: STEP_MS,
    everyMs: 1000,
    say,
    started: (times) =>
      until(async () => (await settledFromSerial(machine)) && (await rootFromSerial(machine, times - 1)), {
        timeoutMs: START_MS,
        everyMs: 500,
        what: `start ${times} of the system on its disk`,
      }),
  });
}
