"""TCP forwarders between members that can be cut and healed: partitions, without touching the system."""

import socket
import threading


class Proxy:
    """Forwards connections from a port of its own to `target`, a port on loopback, until it is cut."""

    def __init__(self, target):
        self.target = target
        self.lock = threading.Lock()
        self.is_cut, self.pairs = False, []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self.lock:
                if self.is_cut:
                    near.close()
                    far.close()
                    continue
                self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """Ends what stands and lets nothing new through."""
        with self.lock:
            self.is_cut = True
            for pair in self.pairs:
                for end in pair:
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
            self.pairs.clear()

    def heal(self):
        with self.lock:
            self.is_cut = False

    def close(self):
        self.cut()
        self.listener.close()


class Wiring:
    """A proxy for each ordered pair of members: `Member.route` for Testbed.found."""

    def __init__(self):
        self.proxies = {}

    def route(self, dialler, target):
        """The port at which `dialler` finds the peer listener of `target`."""
        key = (dialler.name, target.name)
        if key not in self.proxies:
            self.proxies[key] = Proxy(target.peer)
        return self.proxies[key].port

    def split(self, *groups):
        """Members of different groups reach each other no more; the rest is healed."""
        group_of = {name: index for index, group in enumerate(groups) for name in group}
        for (a, b), proxy in self.proxies.items():
            proxy.heal() if group_of.get(a) == group_of.get(b) else proxy.cut()

    def heal(self):
        for proxy in self.proxies.values():
            proxy.heal()

    def close(self):
        for proxy in self.proxies.values():
            proxy.close()
