/** Allocating and deploying (lifecycle.md sections 9 and 10). */
import { event } from "../event.ts";
import { becomes, refuse, type Times } from "../lifecycle.ts";
import type { Decision, Machine } from "../machine.ts";
import { bootFor, DEPLOY_TIMEOUT_FACTOR, progress } from "./boot.ts";
import { decision } from "./decision.ts";
import { hardwareSync } from "./hardware-sync.ts";
import { vmHostBooted } from "./vm-host.ts";

/** Lend the machine to a user (lifecycle.md section 9.6). */
export function allocate(m: Machine, userId: number, agentName: string, comment: string, now: Date): Decision {
  refuse("allocate", m);
  return decision(
    { ...becomes(m, "allocated", now), ownerId: userId, agentName },
    [event("REQUEST_NODE_ACQUIRE", comment), event("ALLOCATED")],
    [{ do: "acquire_filesystems" }, { do: "revoke_token" }],
  );
}

export interface DeployOptions {
  osystem: string;
  distroSeries: string;
  hweKernel: string | null;
  /** Make it a VM host, which it is when it is Deployed. */
  installKvm?: boolean;
  userData: Uint8Array | null;
  comment: string;
  /** Run from memory: no disk of the machine is touched. */
  inMemory: boolean;
  /** Seconds between reports of its hardware; null: it makes none. */
  syncIntervalS: number | null;
}

/** Begin an installation on an allocated machine (lifecycle.md section 10); a Ready one is allocated by the shell first. */
export function deploy(m: Machine, os: DeployOptions, times: Times): Decision {
  refuse("deploy", m);
  const boot = bootFor(m, "deploying", times, DEPLOY_TIMEOUT_FACTOR);
  return decision(
    {
      ...becomes(m, "deploying", times.now),
      ...boot.set,
      osystem: os.osystem,
      distroSeries: os.distroSeries,
      hweKernel: os.hweKernel,
      installKvm: os.installKvm ?? false,
      ephemeralDeploy: os.inMemory,
      // Nothing is installed; what an earlier installation printed is not this one's.
      ...(os.inMemory ? { installationSetId: null } : {}),
      ...hardwareSync(os.syncIntervalS),
      errorDescription: "",
    },
    [event("REQUEST_NODE_START_DEPLOYMENT", os.comment), event("DEPLOYING")],
    [
      { do: "finish_results", sets: ["installation"], as: "aborted" },
      { do: "set_user_data", data: os.userData },
      { do: "assign_addresses" },
      ...boot.effects,
    ],
    boot.jobs,
  );
}

/** The installer is done with the disk: from now on the machine boots from it. */
export function netbootOff(m: Machine, times: Times): Decision {
  // There is nothing on a disk of one that runs from memory.
  if (m.ephemeralDeploy) return decision({}, []);
  const set: Decision["set"] = { netboot: false };
  if (m.status === "deploying") Object.assign(set, progress(m, "reboot", times, DEPLOY_TIMEOUT_FACTOR));
  return decision(set, [event("NODE_INSTALLATION_FINISHED")]);
}

/** The installed system, or the one in memory, fetched its user-data: it lives (lifecycle.md section 5 row 16). */
export function installedSystemBooted(m: Machine, times: Times): Decision {
  if (m.status !== "deploying") return decision({}, []);
  if (m.installKvm) return vmHostBooted(m, times);
  return decision(
    becomes(m, "deployed", times.now),
    [event("DEPLOYED"), event("IMAGE_DEPLOYED", `${m.osystem}/${m.distroSeries}`)],
    [{ do: "mark_image_deployed" }, { do: "end_boot_secrets" }],
  );
}
