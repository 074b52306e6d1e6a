import { action, resource } from "../action.ts";

export const virtualMachines = resource({
  name: "VirtualMachines",
  path: "/virtual-machines/",
  doc: "What machines on VM hosts take of them.",
  hidden: true,
  actions: {
    read: action({ method: "GET", doc: "List virtual machines", returns: "VM[]" }),
    create: action({
      method: "POST",
      doc: "Make a virtual machine\n\nAlways refused with 405: compose on a VM host makes them.",
      returns: "",
      success: 405,
    }),
  },
});

export const virtualMachine = resource({
  name: "VirtualMachine",
  path: "/virtual-machines/{id}",
  doc: "What one machine on a VM host takes of it.",
  hidden: true,
  actions: {
    read: action({
      method: "GET",
      doc: "Read a virtual machine",
      returns: "VM",
      errors: { 404: "there is no such virtual machine" },
    }),
  },
});
