/** A node as its own kind is shown (reference: objects-2.0.json, Node). */
import type { AnyNodeView } from "../../app/node-list.ts";
import { wireDevice } from "./device.ts";
import { wireMachine } from "./machine.ts";
import { wireRackController, wireRegionController } from "./rack.ts";

export function wireNode(node: AnyNodeView): object {
  switch (node.view.row.node_type) {
    case 1:
      return wireDevice(node);
    case 2:
    case 4:
      return wireRackController(node);
    case 3:
      return wireRegionController(node.view);
    default:
      return wireMachine(node.view);
  }
}
