import { action, resource } from "../action.ts";
import { requiredText } from "../params.ts";
import { newUser } from "../resources/users.ts";

const noKey = { 404: "there is no such key" } as const;

export const account = resource({
  name: "Account",
  path: "/account/",
  doc: "API keys of the caller.",
  actions: {
    create_authorisation_token: action({
      method: "POST",
      doc: "Create an API key\n\nIt works at once; its secret is shown this once.",
      returns: "AuthorisationToken",
    }),
    delete_authorisation_token: action({
      method: "POST",
      plainErrors: true,
      doc: "Delete an API key\n\nIt stops working at once, also for whoever sends this request with it.",
      params: { token_key: requiredText("The key's middle part, or the whole key.") },
      returns: "",
      success: 204,
      errors: { 400: "token_key is missing", 404: "the caller has no such key" },
    }),
  },
});

export const sshKeys = resource({
  name: "SSHKeys",
  path: "/account/prefs/sshkeys/",
  doc: "SSH keys of the caller, which the machines that he deploys let in.",
  actions: {
    list: action({ method: "GET", doc: "List the caller's SSH keys", returns: "SSHKey[]" }),
    new: action({
      method: "POST",
      doc: "Add an SSH key",
      params: { key: requiredText("The public key, as in a .pub file.") },
      returns: "SSHKey",
      success: 201,
      errors: { 400: "it is no public key, or the caller has it already" },
    }),
  },
});

export const sshKey = resource({
  name: "SSHKey",
  path: "/account/prefs/sshkeys/{keyid}/",
  doc: "One SSH key, by its id.",
  actions: {
    read: action({ method: "GET", doc: "Read an SSH key", returns: "SSHKey", errors: noKey }),
    delete: action({
      method: "DELETE",
      doc: "Delete an SSH key",
      returns: "",
      success: 204,
      errors: { 403: "it is another user's", ...noKey },
    }),
    delete_by_post: action({
      method: "POST",
      op: "delete",
      doc: "Delete an SSH key\n\nFor clients that cannot send DELETE.",
      returns: "",
      success: 204,
      errors: { 403: "it is another user's", ...noKey },
    }),
  },
});

const taken = { 400: "something is missing or refused, or the name is taken" } as const;

export const users = resource({
  name: "Users",
  path: "/users/",
  doc: "The people and programs that may log in.",
  actions: {
    read: action({ method: "GET", doc: "List users\n\nBy name.", returns: "User[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a user\n\nThe password travels as it is: where others can listen, do this on the region's host.",
      params: {
        ...newUser,
      },
      returns: "User",
      errors: { ...taken, 403: "the caller is not an administrator" },
    }),
  },
});

/** Served in its day, and not in the reference. */
export const user = resource({
  name: "User",
  path: "/users/{username}/",
  doc: "One user, by name.",
  actions: {
    read: action({ method: "GET", doc: "Read a user", returns: "User", errors: { 404: "there is no such user" } }),
  },
});
