// What people do with gomaasclient, the client of the Terraform provider, against a region with emulated machines.
package main

import (
	"os"

	"github.com/canonical/gomaasclient/client"
	"rackwright.invalid/clients/steps"
)

var c *client.Client

func main() {
	steps.Step("connect", func() {
		c = steps.Must(client.GetClient(os.Getenv("MAAS_URL"), os.Getenv("MAAS_API_KEY"), "2.0"))
		steps.Same("user", steps.Must(c.Users.Whoami()).UserName, "admin")
	})
	networks()
	names()
	addresses()
	things()
	settings()
	scripts()
	id := machine()
	storage(id)
	interfaces(id)
	life(id)
}
