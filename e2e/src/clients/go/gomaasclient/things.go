package main

import (
	"github.com/canonical/gomaasclient/entity"
	"github.com/canonical/gomaasclient/entity/notification"
	. "rackwright.invalid/clients/steps"
)

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtCKD0hBPGGFAAqJDUAvPaS4qQ4XjR4KfQ0dXbQK6cQ tests"

// things: what machines are sorted by, and people.
func things() {
	Step("tags", func() {
		tag := Must(c.Tags.Create(&entity.TagParams{Name: "tf-tag", Comment: "of the tests", KernelOpts: "quiet"}))
		Same("kernel options", tag.KernelOpts, "quiet")
		changed := Must(c.Tag.Update("tf-tag", &entity.TagParams{Name: "tf-tag-2", Comment: "another"}))
		Same("name", changed.Name, "tf-tag-2")
		Same("machines", len(Must(c.Tag.GetMachines("tf-tag-2"))), 0)
		Same("listed", has(Must(c.Tags.Get()), func(t entity.Tag) bool { return t.Name == "tf-tag-2" }), true)
	})
	Step("zones and pools", func() {
		Same("zone", Must(c.Zones.Create(&entity.ZoneParams{Name: "tf-zone", Description: "cellar"})).Description, "cellar")
		Same("zone", Must(c.Zone.Update("tf-zone", &entity.ZoneParams{Name: "tf-zone-2"})).Name, "tf-zone-2")
		pool := Must(c.ResourcePools.Create(&entity.ResourcePoolParams{Name: "tf-pool", Description: "old ones"}))
		Same("pool", Must(c.ResourcePool.Update(pool.ID, &entity.ResourcePoolParams{Name: "tf-pool-2"})).Name, "tf-pool-2")
		Same("by name", Must(c.ResourcePool.GetByName("tf-pool-2")).ID, pool.ID)
		Same("changed by name", Must(c.ResourcePool.UpdateByName("tf-pool-2", &entity.ResourcePoolParams{Description: "new ones"})).Description, "new ones")
		Same("pools", len(Must(c.ResourcePools.Get())), 2)
		Same("zones", len(Must(c.Zones.Get())), 2)
		Check(c.ResourcePool.DeleteByName("tf-pool-2"))
		Check(c.Zone.Delete("tf-zone-2"))
	})
	Step("users", func() {
		user := Must(c.Users.Create(&entity.UserParams{UserName: "tf-user", Password: "a long enough one", Email: "tf@example.com"}))
		Same("administrator", user.IsSuperUser, false)
		Same("read", Must(c.User.Get("tf-user")).Email, "tf@example.com")
		Same("administrator", Must(c.Users.Create(&entity.UserParams{
			UserName: "tf-admin", Password: "a long enough one", Email: "tfa@example.com", IsSuperUser: true,
		})).IsSuperUser, true)
		Check(c.User.Delete(&entity.UserDeleteParams{UserName: "tf-user", TransferResourcesTo: "admin"}))
		Check(c.User.Delete(&entity.UserDeleteParams{UserName: "tf-admin"}))
	})
	Step("keys", func() {
		key := Must(c.SSHKeys.Create(publicKey))
		Same("key", Must(c.SSHKey.Get(key.ID)).Key, publicKey)
		Same("listed", len(Must(c.SSHKeys.Get())), 1)
		Check(c.SSHKey.Delete(key.ID))
		_, err := c.SSHKeys.Create("no key")
		Refused(err, "400 Bad Request")
	})
	Step("API keys", func() {
		made := Must(c.Account.CreateAuthorisationToken("tf-token"))
		Same("name", made.Name, "tf-token")
		Same("listed", has(Must(c.Account.ListAuthorisationTokens()), func(t entity.AuthorisationTokenListItem) bool { return t.Name == "tf-token" }), true)
		Check(c.Account.UpdateTokenName("tf-token-2", made.TokenKey))
		Check(c.Account.DeleteAuthorisationToken(made.TokenKey))
	})
	Step("notifications", func() {
		made := Must(c.Notifications.Create(&entity.NotificationParams{
			Message: "The door is open", Category: notification.WARNING, Ident: "tf-door", Admins: true, Dismissable: true,
		}))
		Same("category", made.Category, notification.WARNING)
		Same("message", Must(c.Notification.Update(made.ID, &entity.NotificationParams{Message: "It is shut"})).Message, "It is shut")
		Same("listed", has(Must(c.Notifications.Get()), func(n entity.Notification) bool { return n.ID == made.ID }), true)
		Check(c.Notification.Delete(made.ID))
	})
}

// settings of the installation.
func settings() {
	Step("configuration", func() {
		Check(c.MAASServer.Post("maas_name", "tf-region"))
		Same("value", string(Must(c.MAASServer.Get("maas_name"))), `"tf-region"`)
		_, err := c.MAASServer.Get("no_such_setting")
		Refused(err, "400 Bad Request")
		Same("version", Must(c.Version.Get()).Version != "", true)
	})
	Step("package repositories", func() {
		made := Must(c.PackageRepositories.Create(&entity.PackageRepositoryParams{
			Name: "tf-repository", URL: "http://packages.example.com/debian", Distributions: "bookworm,trixie", Components: "main", Arches: "amd64,arm64",
		}))
		Same("distributions", made.Distributions, []string{"bookworm", "trixie"})
		off := false
		Same("enabled", Must(c.PackageRepository.Update(made.ID, &entity.PackageRepositoryParams{Enabled: &off})).Enabled, false)
		Same("listed", has(Must(c.PackageRepositories.Get()), func(r entity.PackageRepository) bool { return r.ID == made.ID }), true)
		Check(c.PackageRepository.Delete(made.ID))
	})
	Step("boot sources", func() {
		made := Must(c.BootSources.Create(&entity.BootSourceParams{URL: "http://images.example.com/v1/", KeyringFilename: "/usr/share/keyrings/a.gpg"}))
		chosen := Must(c.BootSourceSelections.Create(made.ID, &entity.BootSourceSelectionParams{
			OS: "ubuntu", Release: "noble", Arches: []string{"amd64"}, Subarches: []string{"*"}, Labels: []string{"*"},
		}))
		Same("release", chosen.Release, "noble")
		changed := Must(c.BootSourceSelection.Update(made.ID, chosen.ID, &entity.BootSourceSelectionParams{
			OS: "ubuntu", Release: "noble", Arches: []string{"amd64", "arm64"}, Subarches: []string{"*"}, Labels: []string{"*"},
		}))
		Same("architectures", len(changed.Arches), 2)
		Check(c.BootSourceSelection.Delete(made.ID, chosen.ID))
		Check(c.BootSource.Delete(made.ID))
	})
	Step("license keys", func() {
		made := Must(c.LicenseKeys.Create(&entity.LicenseKeyParams{
			OSystem: "windows", DistroSeries: "win2022", LicenseKey: "XXXXX-XXXXX-XXXXX-XXXXX-XXXXX",
		}))
		Same("series", made.DistroSeries, "win2022")
		changed := Must(c.LicenseKey.Update("windows", "win2022", &entity.LicenseKeyParams{
			OSystem: "windows", DistroSeries: "win2022", LicenseKey: "YYYYY-YYYYY-YYYYY-YYYYY-YYYYY",
		}))
		Same("key", changed.LicenseKey, "YYYYY-YYYYY-YYYYY-YYYYY-YYYYY")
		Check(c.LicenseKey.Delete("windows", "win2022"))
	})
}

func scripts() {
	Step("scripts", func() {
		text := []byte("#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: tf-script\n# script_type: testing\n# --- End MAAS 1.0 script metadata ---\ntrue\n")
		made := Must(c.NodeScripts.Create(&entity.NodeScriptParams{Name: "tf-script", ScriptType: "testing", Tags: "tf,quick"}, text))
		Same("type", made.TypeName, "Testing script")
		Same("text", string(Must(c.NodeScript.Download("tf-script", made.History[0].ID))), string(text))
		longer := append(append([]byte{}, text...), "false\n"...)
		changed := Must(c.NodeScript.Update("tf-script", &entity.NodeScriptParams{Comment: "longer", Description: "of the tests"}, longer))
		Same("revisions", len(changed.History), 2)
		Same("tags", has(Must(c.NodeScript.AddTag("tf-script", "more")).Tags, func(t string) bool { return t == "more" }), true)
		Must(c.NodeScript.RemoveTag("tf-script", "more"))
		Same("back", len(Must(c.NodeScript.Revert("tf-script", made.History[0].ID)).History), 1)
		Same("by tag", len(Must(c.NodeScripts.Get(&entity.NodeScriptReadParams{Filters: "tf"}))), 1)
		Check(c.NodeScript.Delete("tf-script"))
	})
}
