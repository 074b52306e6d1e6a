import { action, resource } from "../action.ts";
import { integer, MAX_INT, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const none = { 404: "there is no such static route" } as const;
const metric = integer("Of two routes to one destination the lower counts. Default 0.", { min: 0, max: MAX_INT });

export const staticRoutes = resource({
  name: "StaticRoutes",
  path: "/static-routes/",
  doc: "Static routes: how machines on one subnet reach another.",
  actions: {
    read: action({ method: "GET", doc: "List static routes", returns: "StaticRoute[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a static route\n\nMachines with an address on the source get it when they are deployed.",
      params: {
        source: requiredText("Subnet that the route begins in."),
        destination: requiredText("Subnet that it leads to."),
        gateway_ip: requiredText("Address in the source subnet by which it goes."),
        metric,
      },
      returns: "StaticRoute",
      errors: { 400: "subnets or gateway were refused, or the route is there already", ...admin },
    }),
  },
});

export const staticRoute = resource({
  name: "StaticRoute",
  path: "/static-routes/{id}/",
  doc: "One static route, by its id.",
  actions: {
    read: action({ method: "GET", doc: "Read a static route", returns: "StaticRoute", errors: none }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a static route",
      params: {
        source: text("Subnet that the route begins in."),
        destination: text("Subnet that it leads to."),
        gateway_ip: text("Address in the source subnet by which it goes."),
        metric,
      },
      returns: "StaticRoute",
      errors: { 400: "subnets or gateway were refused, or the route is there already", ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a static route",
      returns: "",
      success: 204,
      errors: { ...admin, ...none },
    }),
  },
});
