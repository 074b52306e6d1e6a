import { action, resource } from "../action.ts";
import { requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const key = "Five groups of five letters and digits with dashes between.";

export const licenseKeys = resource({
  name: "LicenseKeys",
  path: "/license-keys/",
  doc: "License keys of operating systems that need one.",
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "List license keys",
      returns: "LicenseKey[]",
      errors: admin,
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a license key",
      params: {
        osystem: requiredText("Operating system: windows."),
        distro_series: requiredText("Its release.", { max: 255 }),
        license_key: requiredText(key),
      },
      returns: "LicenseKey",
      errors: { 400: "the key is not good for this release, or there is one already", ...admin },
    }),
  },
});

export const licenseKey = resource({
  name: "LicenseKey",
  path: "/license-key/{osystem}/{distro_series}",
  doc: "The license key of one release.",
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Read a license key",
      returns: "LicenseKey",
      errors: { ...admin, 404: "this release has no license key" },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a license key",
      params: {
        license_key: text(key),
        osystem: text("Another operating system."),
        distro_series: text("Another release.", { max: 255 }),
      },
      returns: "LicenseKey",
      errors: {
        400: "the key is not good for this release, or there is one already",
        ...admin,
        404: "this release has no license key",
      },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a license key\n\nOne that is gone already is no error.",
      returns: "",
      success: 204,
      errors: admin,
    }),
  },
});
