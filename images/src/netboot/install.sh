#!/bin/sh
# User-data of the disk trial: what an installer does, by hand. Uses only what the image carries.
set -eux
exec >/tmp/install.log 2>&1
trap 'curl -s --data-binary @/tmp/install.log CONTROLLER/install-failed' EXIT
disk=/dev/$(lsblk -dno NAME,TYPE | awk '$2 == "disk" { print $1; exit }')
sfdisk "$disk" <<END
label: gpt
size=1MiB, type=21686148-6449-6E6F-744E-656564454649
size=128MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
type=0FC63DAF-8483-4772-8E79-3D69D8477DE4
END
udevadm settle
mkfs.vfat -F 32 "${disk}2"
mkfs.ext4 -q -E lazy_itable_init=1,lazy_journal_init=1 "${disk}3"
mount "${disk}3" /mnt
unsquashfs -q -n -f -d /mnt /run/netroot/root.squashfs
mkdir -p /mnt/boot/efi
mount "${disk}2" /mnt/boot/efi
for d in dev proc sys run; do
  mount --rbind /$d /mnt/$d
  mount --make-rslave /mnt/$d
done
chroot /mnt grub-install --target=i386-pc "$disk"
chroot /mnt grub-install --target=x86_64-efi --efi-directory=/boot/efi --removable --no-nvram
root=$(blkid -s UUID -o value "${disk}3")
printf 'UUID=%s / ext4 defaults 0 1\nUUID=%s /boot/efi vfat umask=0077 0 1\n' "$root" "$(blkid -s UUID -o value "${disk}2")" >/mnt/etc/fstab
cat >/mnt/boot/grub/grub.cfg <<END
search --no-floppy --fs-uuid --set=root $root
linux /vmlinuz root=UUID=$root ro console=tty0 console=ttyS0 mitigations=off
initrd /initrd.img
boot
END
cat >/mnt/etc/cloud/cloud.cfg.d/90_dpkg_maas.cfg <<END
datasource:
  MAAS: {consumer_key: K, token_key: T, token_secret: S, metadata_url: "CONTROLLER/MAAS/metadata/"}
END
cat >/mnt/etc/cloud/cloud.cfg.d/50-curtin-networking.cfg <<END
network:
  version: 2
  ethernets:
    lan0:
      match: {macaddress: "52:54:00:77:00:01"}
      set-name: lan0
      addresses: [10.77.0.50/24]
      nameservers: {addresses: [10.77.0.1], search: [example.test]}
END
umount -R /mnt || umount -Rl /mnt
sync
trap - EXIT
curl -s --data-binary @/tmp/install.log CONTROLLER/installed
