"""flserver as a program: PINGs, requests, what is neither; a command; signals."""
import signal

import keeltest


class Flserver(keeltest.Case):
    def flserver(self, *options, command=()):
        server = self.start("flserver", "--bind", self.ipc(), *options, *(["--", *command] if command else []), kind=keeltest.Broker)
        server.endpoint = server.endpoints(1)[0]
        return server

    def answers(self, peer, request, answer):
        peer.put(*request)
        self.assertEqual(peer.get(), answer)

    def test_requests(self):
        peer = self.raw(self.flserver())
        self.answers(peer, [b"PING"], [b"PONG"])
        for request in ([b"PING", b"body"], [b"PONG", b""], [b"12345678", b"", b"x"], [b"c" * 300, b"x"]):
            self.answers(peer, request, request)

    def test_what_is_neither_is_dropped(self):
        server = self.flserver()
        peer = self.raw(server)
        for frame in (b"", b"PONG", b"ping", b"12345678"):
            peer.put(frame)
        self.answers(peer, [b"PING"], [b"PONG"])
        server.signal(signal.SIGUSR1)
        server.says(r'stats \{.*"pings":1,"malformed":4\}')

    def test_a_command_that_fails_or_hangs(self):
        script = 'read x; case $x in bad) exit 3;; hang) sleep 1000;; *) printf %s "$x";; esac'
        server = self.flserver("--timeout", 500, command=("sh", "-c", script))
        peer = self.raw(server)
        peer.put(b"1", b"bad\n")
        peer.put(b"2", b"hang\n")
        self.answers(peer, [b"PING"], [b"PONG"])
        self.answers(peer, [b"3", b"good\n"], [b"3", b"good"])

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.flserver()
            server.signal(signal.SIGHUP)
            server.says("nothing to reload")
            server.signal(signal.SIGUSR1)
            server.says(r"stats \{")
            self.answers(self.raw(server), [b"PING"], [b"PONG"])
            server.signal(number)
            self.assertEqual(server.exits(), 0)


if __name__ == "__main__":
    keeltest.main()
