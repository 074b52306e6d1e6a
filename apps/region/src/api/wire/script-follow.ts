/** Items of a followed run as server-sent events. */
import { placeText } from "@rackwright/domain/scripts/follow";
import { scriptStatusLabel } from "@rackwright/domain/scripts/status";
import type { FollowItem } from "../../app/script-follow.ts";
import { sseBeat, sseEvent } from "../../live/event-stream.ts";

export function followEvent(item: FollowItem): string {
  const place = placeText(item.place);
  switch (item.kind) {
    case "beat":
      return sseBeat(place);
    case "end":
      return sseEvent(place, "end", { status: item.status, status_name: scriptStatusLabel[item.status] ?? "" });
    case "output":
      return sseEvent(place, "output", {
        ...about(item),
        offset: item.offset,
        data: Buffer.from(item.data).toString("base64"),
      });
    case "result": {
      const { status, exitStatus } = item.view;
      return sseEvent(place, "result", {
        ...about(item),
        status,
        status_name: scriptStatusLabel[status] ?? "",
        exit_status: exitStatus,
        rewritten: item.rewritten,
      });
    }
  }
}

const about = ({ view }: Extract<FollowItem, { view: unknown }>) => ({
  id: view.id,
  name: view.name,
  device: view.diskName ?? view.interfaceName,
});
