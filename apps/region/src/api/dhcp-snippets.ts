/** dhcp-snippets, dhcp-snippet: decode, one call, encode. */
import type { DHCPSnippet } from "@rackwright/contract/objects/dhcp";
import { dhcpSnippet, dhcpSnippets } from "@rackwright/contract/resources/dhcp-snippets";
import { API_ROOT } from "@rackwright/contract/table";
import {
  changeSnippet,
  createSnippet,
  removeSnippet,
  revertSnippet,
  type SnippetView,
  snippetView,
  snippetViews,
} from "../app/dhcp-snippets.ts";
import type { Ctx } from "../context.ts";
import type { Routes } from "../http/route.ts";
import { wireSubnet } from "./wire/network.ts";

function wire({ snippet, subnet, vlans }: SnippetView): DHCPSnippet {
  const { node } = snippet;
  return {
    id: snippet.id,
    name: snippet.name,
    description: snippet.description,
    enabled: snippet.enabled,
    value: snippet.revisions[0]?.value ?? "",
    history: snippet.revisions.map(({ id, value, createdAt }) => ({
      id,
      value,
      // RFC 5322 section 3.3.
      created: new Date(createdAt).toUTCString().replace("GMT", "+0000"),
    })),
    node: node && {
      hostname: node.hostname,
      description: node.description,
      node_type: node.nodeType,
      resource_uri: `${API_ROOT}/nodes/${node.systemId}/`,
    },
    subnet: subnet && wireSubnet(subnet, vlans),
    global_snippet: node === null && subnet === null,
    resource_uri: `${API_ROOT}/dhcp-snippets/${snippet.id}/`,
  };
}

const shown = async (ctx: Ctx, id: string | number) => wire(await snippetView(ctx, String(id)));

export function dhcpSnippetsRoutes(routes: Routes): void {
  routes.on(dhcpSnippets.actions.read, async ({ ctx }) => (await snippetViews(ctx)).map(wire));
  routes.on(dhcpSnippets.actions.create, async ({ ctx, params }) => shown(ctx, await createSnippet(ctx, params)));
  const one = dhcpSnippet.actions;
  routes.on(one.read, ({ ctx, path: { id = "" } }) => shown(ctx, id));
  routes.on(one.update, async ({ ctx, path: { id = "" }, params }) => shown(ctx, await changeSnippet(ctx, id, params)));
  routes.on(one.revert, async ({ ctx, path: { id = "" }, params }) =>
    shown(ctx, await revertSnippet(ctx, id, params.to)),
  );
  routes.on(one.delete, ({ ctx, path: { id = "" } }) => removeSnippet(ctx, id));
}
