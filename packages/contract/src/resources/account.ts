import { action, resource } from "../action.ts";
import { requiredText, text } from "../params.ts";

export const account = resource({
  name: "Account",
  path: "/account/",
  doc: "Manage the current logged-in user.",
  actions: {
    create_authorisation_token: action({
      method: "POST",
      aliases: ["create_authorization_token", "create_authorisation_tokens", "create_authorization_tokens"],
      doc: "Create an authorisation token\n\nMakes a new API key for the caller and shows it, this once with its secret part by part.",
      params: { name: text("A name to tell the key by.", { max: 255 }) },
      returns: "AuthToken",
    }),
    delete_authorisation_token: action({
      method: "POST",
      aliases: ["delete_authorization_token"],
      doc: "Delete an authorisation token\n\nThe key stops working at once, also for whoever sends this request with it.",
      params: { token_key: requiredText("The key's middle part, or the whole key.") },
      returns: "",
      success: 204,
      errors: { 400: "token_key is missing", 404: "the caller has no such key" },
    }),
    list_authorisation_tokens: action({
      method: "GET",
      aliases: ["list_authorization_tokens", "list_authorisation_token", "list_authorization_token"],
      doc: "List authorisation tokens\n\nEvery API key of the caller: its name and the whole key.",
      returns: "AuthTokenListItem[]",
    }),
    update_token_name: action({
      method: "POST",
      aliases: ["udpate_token_name"],
      doc: "Modify authorisation token\n\nGives a key another name; the key itself stays as it is.",
      params: {
        token: requiredText("The key's middle part, or the whole key."),
        name: requiredText("The new name.", { max: 255 }),
      },
      returns: "string",
      success: 202,
      errors: { 400: "token or name is missing", 404: "the caller has no such key" },
    }),
  },
});
