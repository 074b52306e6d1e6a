import { action, resource } from "../action.ts";
import { choice, flag, json, optionalFlag, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const none = { 404: "there is no such notification" } as const;
const categories = ["error", "warning", "success", "info"] as const;

const fields = {
  context: json("Values of the {placeholders} in the message, as a JSON object."),
  category: choice("Kind of notification. Default of a new one: info.", categories),
  ident: text("A name of its own, by which programs find it again.", { max: 40 }),
  user: text("Name or id of the one user who sees it. Empty: nobody in particular."),
} as const;

export const notifications = resource({
  name: "Notifications",
  path: "/notifications/",
  doc: "Messages to users.",
  actions: {
    read: action({
      method: "GET",
      doc: "List notifications\n\nThose for the caller that were not dismissed.",
      returns: "Notification[]",
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a notification",
      params: {
        message: requiredText("What it says; {name} stands for a value of the context."),
        ...fields,
        users: flag("Whether every user sees it."),
        admins: flag("Whether administrators see it."),
        dismissable: flag("Whether those who see it may put it away.", true),
      },
      returns: "Notification",
      errors: { 400: "a field was refused", ...admin },
    }),
  },
});

export const notification = resource({
  name: "Notification",
  path: "/notifications/{id}/",
  doc: "One notification, by its id.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read a notification",
      returns: "Notification",
      errors: { 403: "it is not for the caller", ...none },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a notification",
      params: {
        message: text("What it says; {name} stands for a value of the context."),
        ...fields,
        users: optionalFlag("Whether every user sees it."),
        admins: optionalFlag("Whether administrators see it."),
        dismissable: optionalFlag("Whether those who see it may put it away."),
      },
      returns: "Notification",
      errors: { 400: "a field was refused", ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a notification",
      returns: "",
      success: 204,
      errors: { ...admin, ...none },
    }),
    dismiss: action({
      method: "POST",
      doc: "Dismiss a notification\n\nFor the caller; others still see it. Twice is no error.",
      errors: { 400: "it cannot be dismissed", 403: "it is not for the caller", ...none },
    }),
  },
});
