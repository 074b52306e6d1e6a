/** Power types that MAAS knows by name, also those that no driver of ours speaks yet: emulated machines may have any of them. */
export const powerTypeNames = [
  "amt",
  "apc",
  "dli",
  "eaton",
  "ether_wake",
  "fence_cdu",
  "hmc",
  "hmcz",
  "ipmi",
  "lxd",
  "manual",
  "moonshot",
  "mscm",
  "msftocs",
  "nova",
  "openbmc",
  "proxmox",
  "raritan",
  "recs_box",
  "redfish",
  "rsd",
  "sm15k",
  "ucsm",
  "umg",
  "virsh",
  "vmware",
  "webhook",
  "wedge",
] as const;

/** Somebody walks there. The empty one is a machine without a power type. */
export const handPowerTypes = ["", "manual"] as const;
