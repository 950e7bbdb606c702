// The offline page stands at the address that was asked for: it is loaded again once there is a network.
addEventListener("online", () => location.reload());
