import { action, resource } from "../action.ts";
import { requiredFlag, requiredText, text } from "../params.ts";

/** What makes a user, in both versions of the API. */
export const newUser = {
  username: requiredText("Name to log in with: letters, digits and @ . + - _", {
    max: 150,
    pattern: /^[\w.@+-]+$/,
    patternHint: "Use letters, digits and the characters @ . + - _ only.",
  }),
  email: requiredText("E-mail address.", {
    max: 254,
    pattern: /^[^@\s]+@[^@\s]+$/,
    patternHint: "Enter a valid e-mail address.",
  }),
  password: requiredText("Password."),
  is_superuser: requiredFlag("Whether the user is an administrator: 1 or 0."),
};

export const users = resource({
  name: "Users",
  path: "/users/",
  doc: "The people and programs that may log in.",
  actions: {
    read: action({ method: "GET", doc: "List users", returns: "User[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a user\n\nThe user logs in with the password; an API key is made then, or with maas apikey on the region's host.",
      params: {
        ...newUser,
        key: text("SSH public key, which machines that the user deploys let in."),
      },
      returns: "User",
      errors: { 400: "a field is missing or refused, or the name is taken", 403: "the caller is not an administrator" },
    }),
    whoami: action({ method: "GET", doc: "Read the logged-in user", returns: "User" }),
  },
});

export const user = resource({
  name: "User",
  path: "/users/{username}/",
  doc: "One user, by the name to log in with.",
  actions: {
    read: action({ method: "GET", doc: "Read a user", returns: "User", errors: { 404: "there is no such user" } }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a user\n\nWith the keys and files. Machines, addresses and ranges are another user's first: name who gets them. A user who is gone already is no error.",
      params: {
        transfer_resources_to: text("Name of the user who gets machines, addresses, ranges and files."),
      },
      returns: "",
      success: 204,
      errors: {
        400: "it is the caller, or the user still owns something and nobody was named to get it",
        403: "the caller is not an administrator",
        404: "there is no user who would get it",
      },
    }),
  },
});
