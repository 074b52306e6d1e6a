/** Static routes: machines on the source subnet get them when they are deployed. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { loadVlans, type SubnetRow, type VlanView } from "@rackwright/db/machine-views";
import { listSubnets } from "@rackwright/db/networks";
import {
  deleteStaticRoute,
  insertStaticRoute,
  listStaticRoutes,
  sameRoute,
  type StaticRouteRow,
  updateStaticRoute,
} from "@rackwright/db/static-routes";
import { type RouteFields, routeProblem } from "@rackwright/domain/addressing/kept-ip-rules";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { asId } from "@rackwright/domain/network/specifier";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { type Db, subnetById, subnetGiven } from "./named.ts";

export interface RouteView {
  route: StaticRouteRow;
  source: SubnetRow;
  destination: SubnetRow;
  vlans: ReadonlyMap<number, VlanView>;
}

export interface RouteChange {
  source?: string | undefined;
  destination?: string | undefined;
  gateway_ip?: string | undefined;
  metric?: number | undefined;
}

export async function routeViews(ctx: Ctx, id?: number): Promise<RouteView[]> {
  const db = ctx.region.db.kysely;
  const [routes, subnets, vlans] = await Promise.all([listStaticRoutes(db, id), listSubnets(db), loadVlans(db)]);
  const byId = new Map(subnets.map((subnet) => [subnet.id, subnet]));
  return routes.flatMap((route) => {
    const [source, destination] = [byId.get(route.source_id), byId.get(route.destination_id)];
    return source && destination ? [{ route, source, destination, vlans }] : [];
  });
}

const noSuchRoute = (word: string) => new DomainError("not_found", `There is no static route of id ${word}.`);

export async function routeView(ctx: Ctx, word: string): Promise<RouteView> {
  const id = asId(word);
  const [view] = id === undefined ? [] : await routeViews(ctx, id);
  if (!view) throw noSuchRoute(word);
  return view;
}

async function routeOf(db: Db, word: string): Promise<StaticRouteRow> {
  const id = asId(word);
  const [route] = id === undefined ? [] : await listStaticRoutes(db, id);
  if (!route) throw noSuchRoute(word);
  return route;
}

function check(fields: RouteFields): void {
  const fieldsWrong = routeProblem(fields);
  if (fieldsWrong) throw new DomainError("invalid_fields", "The route cannot be so.", { fields: fieldsWrong });
}

const taken = () => invalidField("__all__", "There is a route from this source to this destination by this gateway.");

const words = ({ source, destination, gateway }: RouteFields) =>
  `static route from ${source.cidr} to ${destination.cidr} by ${gateway}`;

/** @returns the new route's id */
export async function createRoute(
  ctx: Ctx,
  given: { source: string; destination: string; gateway_ip: string; metric?: number | undefined },
): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const fields = {
      source: await subnetGiven(tx, given.source, "source"),
      destination: await subnetGiven(tx, given.destination, "destination"),
      gateway: given.gateway_ip.trim(),
    };
    check(fields);
    const id = await insertStaticRoute(tx, {
      source_id: fields.source.id,
      destination_id: fields.destination.id,
      gateway_ip: fields.gateway,
      metric: given.metric ?? 0,
    });
    if (id === undefined) throw taken();
    await changed(tx, "create", id);
    await audit(ctx, tx, "NETWORKING", `Created ${words(fields)}.`);
    return id;
  });
}

export async function updateRoute(ctx: Ctx, word: string, given: RouteChange): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const route = await routeOf(tx, word);
    const end = (text: string | undefined, field: "source" | "destination", id: number) =>
      text ? subnetGiven(tx, text, field) : subnetById(tx, id);
    const fields = {
      source: await end(given.source, "source", route.source_id),
      destination: await end(given.destination, "destination", route.destination_id),
      gateway: given.gateway_ip?.trim() || route.gateway_ip,
    };
    check(fields);
    const next = {
      id: route.id,
      source_id: fields.source.id,
      destination_id: fields.destination.id,
      gateway_ip: fields.gateway,
      metric: given.metric ?? route.metric,
    };
    if (await sameRoute(tx, next)) throw taken();
    await updateStaticRoute(tx, next);
    await changed(tx, "update", route.id);
    await audit(ctx, tx, "NETWORKING", `Updated ${words(fields)}.`);
    return route.id;
  });
}

export async function deleteRoute(ctx: Ctx, word: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const route = await routeOf(tx, word);
    await deleteStaticRoute(tx, route.id);
    await changed(tx, "delete", route.id);
    await audit(ctx, tx, "NETWORKING", `Deleted static route ${route.id}.`);
  });
}

const changed = (tx: Tx, kind: string, id: number) => appendChange(tx, { kind, entity: "static_route", entityId: id });
