package main

import (
	"strconv"

	"github.com/canonical/gomaasclient/entity"
	. "rackwright.invalid/clients/steps"
)

const gib = 1 << 30

func storage(id string) {
	disk := func(serial string) *entity.BlockDevice {
		return Must(c.BlockDevices.Create(id, &entity.BlockDeviceParams{
			Name: "tf" + serial, Model: "test", Serial: serial, Size: 20 * gib, BlockSize: 512,
		}))
	}
	words := func(devices ...*entity.BlockDevice) (ids []string) {
		for _, device := range devices {
			ids = append(ids, strconv.Itoa(device.ID))
		}
		return ids
	}
	var disks []*entity.BlockDevice
	Step("block devices", func() {
		for _, serial := range []string{"a", "b", "c", "d", "e", "f"} {
			disks = append(disks, disk(serial))
		}
		first := disks[0]
		Same("size", first.Size, int64(20*gib))
		Same("changed", Must(c.BlockDevice.Update(id, first.ID, &entity.BlockDeviceParams{Name: "tfz", Size: 21 * gib})).Name, "tfz")
		Same("tags", has(Must(c.BlockDevice.AddTag(id, first.ID, "ssd")).Tags, func(t string) bool { return t == "ssd" }), true)
		Must(c.BlockDevice.RemoveTag(id, first.ID, "ssd"))
		Same("formatted", Must(c.BlockDevice.Format(id, first.ID, "ext4")).Filesystem.FSType, "ext4")
		Same("mounted", Must(c.BlockDevice.Mount(id, first.ID, "/srv", "noatime")).Filesystem.MountPoint, "/srv")
		Must(c.BlockDevice.Unmount(id, first.ID))
		Same("no format", Must(c.BlockDevice.Unformat(id, first.ID)).Filesystem.FSType, "")
		Check(c.BlockDevice.SetBootDisk(id, first.ID))
		Same("boot disk", Must(c.Machine.Get(id)).BootDisk.ID, first.ID)
		Same("listed", len(Must(c.BlockDevices.Get(id))) > 6, true)
	})
	Step("partitions", func() {
		on := disks[0].ID
		made := Must(c.BlockDevicePartitions.Create(id, on, &entity.BlockDevicePartitionParams{Size: 5 * gib, Bootable: true}))
		Same("bootable", made.Bootable, true)
		Same("label", Must(c.BlockDevicePartition.Format(id, on, made.ID, "ext4", "data")).FileSystem.Label, "data")
		Same("mounted", Must(c.BlockDevicePartition.Mount(id, on, made.ID, "/data", "ro")).FileSystem.MountOptions, "ro")
		Must(c.BlockDevicePartition.Unmount(id, on, made.ID))
		Must(c.BlockDevicePartition.Unformat(id, on, made.ID))
		Same("tags", len(Must(c.BlockDevicePartition.AddTag(id, on, made.ID, "fast")).Tags), 1)
		Must(c.BlockDevicePartition.RemoveTag(id, on, made.ID, "fast"))
		Same("read", Must(c.BlockDevicePartition.Get(id, on, made.ID)).DeviceID, on)
		Same("listed", len(Must(c.BlockDevicePartitions.Get(id, on))), 1)
		Check(c.BlockDevicePartition.Delete(id, on, made.ID))
	})
	Step("RAID", func() {
		made := Must(c.RAIDs.Create(id, &entity.RAIDCreateParams{Name: "md7", Level: "raid-1", BlockDevices: words(disks[1], disks[2])}))
		Same("level", made.Level, "raid-1")
		Same("devices", len(made.Devices), 2)
		Same("spare", len(Must(c.RAID.Update(id, made.ID, &entity.RAIDUpdateParams{Name: "md8", AddSpareDevices: words(disks[3])})).SpareDevices), 1)
		Same("name", Must(c.RAID.Get(id, made.ID)).Name, "md8")
		Same("formatted", Must(c.BlockDevice.Format(id, made.VirtualDevice.ID, "xfs")).Filesystem.FSType, "xfs")
		Same("of the machine", len(Must(c.Machine.Get(id)).RAIDs), 1)
		Same("listed", len(Must(c.RAIDs.Get(id))), 1)
		Check(c.RAID.Delete(id, made.ID))
	})
	Step("volume groups", func() {
		made := Must(c.VolumeGroups.Create(id, &entity.VolumeGroupCreateParams{Name: "vg7", BlockDevices: words(disks[1], disks[2])}))
		volume := Must(c.VolumeGroup.CreateLogicalVolume(id, made.ID, &entity.LogicalVolumeParams{Name: "lv7", Size: 4 * gib}))
		Same("size", volume.Size, int64(4*gib))
		Same("volumes", len(Must(c.VolumeGroup.Get(id, made.ID)).LogicalVolumes), 1)
		Same("name", Must(c.VolumeGroup.Update(id, made.ID, &entity.VolumeGroupUpdateParams{Name: "vg8", AddBlockDevices: words(disks[3])})).Name, "vg8")
		Same("of the machine", len(Must(c.Machine.Get(id)).VolumeGroups), 1)
		Check(c.VolumeGroup.DeleteLogicalVolume(id, made.ID, volume.ID))
		Same("listed", len(Must(c.VolumeGroups.Get(id))), 1)
		Check(c.VolumeGroup.Delete(id, made.ID))
	})
	Step("bcache", func() {
		set := Must(c.BCacheCacheSets.Create(id, &entity.BCacheCacheSetParams{CacheDevice: words(disks[4])[0]}))
		made := Must(c.BCaches.Create(id, &entity.BCacheParams{
			Name: "bcache7", CacheSet: strconv.Itoa(set.ID), BackingDevice: words(disks[5])[0], CacheMode: "WRITEBACK",
		}))
		Same("set", made.CacheSet.ID, set.ID)
		Same("mode", Must(c.BCache.Update(id, made.ID, &entity.BCacheParams{CacheMode: "WRITETHROUGH"})).CacheMode, "writethrough")
		Same("listed", len(Must(c.BCaches.Get(id))), 1)
		Same("sets", len(Must(c.BCacheCacheSets.Get(id))), 1)
		Check(c.BCache.Delete(id, made.ID))
		Check(c.BCacheCacheSet.Delete(id, set.ID))
	})
	Step("delete block devices", func() {
		for _, device := range disks {
			Check(c.BlockDevice.Delete(id, device.ID))
		}
		_, err := c.BlockDevice.Get(id, disks[0].ID)
		Refused(err, "404 Not Found")
	})
}
