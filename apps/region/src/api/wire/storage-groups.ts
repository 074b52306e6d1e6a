/** RAIDs, volume groups, bcaches, cache sets and datastores as the API shows them. */
import type { Bcache, CacheSet, RAID, VMFSDatastore, VolumeGroup } from "@rackwright/contract/objects/storage";
import { API_ROOT } from "@rackwright/contract/table";
import { cacheOf } from "@rackwright/domain/storage/bcache";
import { usedBytes, volumeGroupBytes, volumesOf } from "@rackwright/domain/storage/lvm";
import { membersOf } from "@rackwright/domain/storage/members";
import {
  type CacheSet as PlannedCacheSet,
  cacheSetName,
  type Device,
  type Group,
  type MemberType,
} from "@rackwright/domain/storage/model";
import { humanBytes } from "@rackwright/domain/storage/size";
import { datastoreBytes } from "@rackwright/domain/storage/vmfs";
import type { SeenStorage } from "../../app/storage-view.ts";
import { wireBlockDevice, wireStorageDevice } from "./storage.ts";

const base = (g: Group, { systemId }: SeenStorage) => ({ system_id: systemId, id: g.id, uuid: g.uuid, name: g.name });
const uri = (of: SeenStorage, kind: string, id: number) => `${API_ROOT}/nodes/${of.systemId}/${kind}/${id}/`;
const members = (g: Group, of: SeenStorage, fstype: MemberType) =>
  membersOf(of.storage, g, fstype).map((f) => wireStorageDevice(f.on, of));

function offered(g: Group, { storage }: SeenStorage): Device {
  const device = storage.devices.find((d) => d.groupId === g.id);
  if (!device) throw new Error(`${g.name} offers no device`);
  return device;
}

export function wireRaid(g: Group, of: SeenStorage): RAID {
  const device = offered(g, of);
  return {
    ...base(g, of),
    level: g.type,
    devices: members(g, of, "raid"),
    spare_devices: members(g, of, "raid-spare"),
    size: device.sizeBytes,
    human_size: humanBytes(device.sizeBytes),
    virtual_device: wireBlockDevice(device, of),
    resource_uri: uri(of, "raid", g.id),
  };
}

export function wireVolumeGroup(g: Group, of: SeenStorage): VolumeGroup {
  const size = volumeGroupBytes(of.storage, g);
  const used = usedBytes(of.storage, g);
  return {
    ...base(g, of),
    devices: members(g, of, "lvm-pv"),
    size,
    human_size: humanBytes(size),
    available_size: size - used,
    human_available_size: humanBytes(size - used),
    used_size: used,
    human_used_size: humanBytes(used),
    logical_volumes: volumesOf(of.storage, g).map((volume) => wireBlockDevice(volume, of)),
    resource_uri: uri(of, "volume-group", g.id),
  };
}

export function wireCacheSet(set: PlannedCacheSet, of: SeenStorage): CacheSet {
  const cache = cacheOf(of.storage, set);
  return {
    system_id: of.systemId,
    id: set.id,
    name: cacheSetName(of.storage, set.id),
    cache_device: cache ? wireStorageDevice(cache.on, of) : null,
    resource_uri: uri(of, "bcache-cache-set", set.id),
  };
}

export function wireBcache(g: Group, of: SeenStorage): Bcache {
  const device = offered(g, of);
  const [backing] = members(g, of, "bcache-backing");
  if (!backing) throw new Error(`${g.name} has nothing behind it`);
  return {
    ...base(g, of),
    cache_set: g.cacheSetId === null ? null : wireCacheSet({ id: g.cacheSetId }, of),
    backing_device: backing,
    size: device.sizeBytes,
    human_size: humanBytes(device.sizeBytes),
    virtual_device: wireBlockDevice(device, of),
    cache_mode: g.cacheMode,
    resource_uri: uri(of, "bcache", g.id),
  };
}

export function wireDatastore(g: Group, of: SeenStorage): VMFSDatastore {
  const size = datastoreBytes(of.storage, g);
  return {
    ...base(g, of),
    devices: members(g, of, "vmfs6"),
    size,
    human_size: humanBytes(size),
    // ESXi mounts it by its name.
    filesystem: { fstype: "vmfs6", mount_point: `/vmfs/volumes/${g.name}` },
    resource_uri: uri(of, "vmfs-datastore", g.id),
  };
}
