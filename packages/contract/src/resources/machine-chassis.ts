import { action } from "../action.ts";
import { choice, flag, integer, optionalFlag, requiredText, text } from "../params.ts";

/** Machines of a chassis or hypervisor, enlisted together. */
export const chassisActions = {
  add_chassis: action({
    method: "POST",
    access: "admin",
    doc: "Enlist the machines of a chassis or hypervisor\n\nA rack controller asks it which machines it has; this goes on after the reply, and each machine then comes up as New. Those with a MAC address that is known are passed over. What went wrong is an event.",
    params: {
      chassis_type: requiredText(
        "virsh, powerkvm or ucsm. Others that exist (hmcz, mscm, msftocs, proxmox, recs_box, sm15k, seamicro15k, vmware) are refused: nothing here speaks to them.",
      ),
      hostname: requiredText(
        "Where it is: for virsh a URI such as qemu+ssh://USER@HOST/system, for ucsm a host name or URL.",
        { max: 1024 },
      ),
      username: text("User, where the type has one apart from its address."),
      password: text("Password."),
      accept_all: flag("Whether the machines are commissioned at once."),
      rack_controller: text("System id or host name of the rack controller that asks. Default: any that is connected."),
      domain: text("Domain that the machines are in, by its id or name. Default: the default one."),
      prefix_filter: text("Only machines whose names begin so."),
      power_control: choice("Of seamicro15k.", ["ipmi", "restapi", "restapi2"]),
      token_name: text("Of proxmox."),
      token_secret: text("Of proxmox."),
      verify_ssl: optionalFlag("Of proxmox."),
      port: integer("Of recs_box and vmware.", { min: 1, max: 65_535 }),
      protocol: text("Of vmware."),
    },
    returns: "string",
    errors: {
      400: "an option is missing, or the chassis type has none such, or nothing here speaks to that type",
      403: "the caller is not an administrator",
      404: "there is no such domain or rack controller",
      503: "no rack controller is connected",
    },
  }),
} as const;
