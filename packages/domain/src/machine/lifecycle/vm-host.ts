/** A deployment that ends in a VM host: it lasts until its libvirt was spoken to (lifecycle.md section 10 item 12). */
import { event } from "../event.ts";
import { becomes, type Times } from "../lifecycle.ts";
import type { Decision, Machine } from "../machine.ts";
import { DEPLOY_TIMEOUT_FACTOR, waits } from "./boot.ts";
import { decision } from "./decision.ts";

/** What the original calls the user of such a machine. */
export const VM_HOST_AGENT = "maas-kvm-pod";

/** The installed system runs and sets up libvirt. */
const setsUp = (m: Machine): boolean => m.status === "deploying" && m.waitingFor === "vm_host_setup";

/** It says that it is done; it is being registered. */
export const isRegistering = (m: Machine): boolean => m.status === "deploying" && m.waitingFor === "vm_host";

/** The installed system fetched its user-data; not the end here. Cloud-init may ask several times. */
export function vmHostBooted(m: Machine, times: Times): Decision {
  if (m.status !== "deploying" || setsUp(m) || isRegistering(m)) return decision({}, []);
  return decision({ agentName: VM_HOST_AGENT, ...waits(m, "vm_host_setup", times, DEPLOY_TIMEOUT_FACTOR) }, []);
}

/** Why its cloud-init's failure ends the deployment; undefined where it is the installer's. */
export function vmHostFailure(m: Machine, stage: { origin: string; name: string }): string | undefined {
  if (!setsUp(m)) return undefined;
  const script = stage.name === "modules-final" ? " (it installs libvirt and makes the user virsh there)" : "";
  return `Setting up the VM host failed: ${stage.origin} ended ${stage.name} without success${script}. What to check: /var/log/cloud-init-output.log on the machine.`;
}

/** Its cloud-init has ended well. The ephemeral system says the same before it, and any system twice: neither counts. */
export function vmHostReady(m: Machine, times: Times): Decision {
  if (!setsUp(m)) return decision({}, []);
  return decision(waits(m, "vm_host", times), [], [{ do: "register_vm_host" }]);
}

/** The VM host is there. */
export function vmHostRegistered(m: Machine, now: Date): Decision {
  if (!isRegistering(m)) return decision({}, []);
  return decision(
    becomes(m, "deployed", now),
    [event("DEPLOYED"), event("IMAGE_DEPLOYED", `${m.osystem}/${m.distroSeries}`)],
    [{ do: "mark_image_deployed" }, { do: "end_boot_secrets" }],
  );
}
