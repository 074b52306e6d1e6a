import { action, resource } from "../action.ts";
import { requiredText } from "../params.ts";

const refusals = { 403: "the key is another user's", 404: "there is no such key" } as const;

export const sslKeys = resource({
  name: "SSLKeys",
  path: "/account/prefs/sslkeys/",
  doc: "The caller's SSL keys: X.509 certificates.",
  actions: {
    read: action({ method: "GET", doc: "List SSL keys", returns: "SSLKey[]" }),
    create: action({
      method: "POST",
      doc: "Add an SSL key",
      params: { key: requiredText("A certificate in PEM. Never a private key.", { max: 65_536 }) },
      returns: "SSLKey",
      success: 201,
      errors: { 400: "the key is no certificate, or is there already" },
    }),
  },
});

export const sslKey = resource({
  name: "SSLKey",
  path: "/account/prefs/sslkeys/{id}/",
  doc: "One SSL key, by its id.",
  actions: {
    read: action({ method: "GET", doc: "Read an SSL key", returns: "SSLKey", errors: refusals }),
    delete: action({ method: "DELETE", doc: "Delete an SSL key", returns: "", success: 204, errors: refusals }),
  },
});
