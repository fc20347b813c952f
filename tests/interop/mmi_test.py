"""mmi. services: RFC 8's and the broker's own, over both versions, allowed and not."""
import json

import keeltest
import mdp

KNOWN = (b"mmi.service", b"mmi.version", b"mmi.services", b"mmi.workers", b"mmi.stats", b"mmi.explain")
ADMIN = (b"mmi.drain", b"mmi.resume", b"mmi.promote", b"mmi.handover")


class Mmi(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.admin_endpoint = self.ipc()
        self.mdbroker = self.broker("--admin", self.admin_endpoint)
        self.mdbroker.endpoints(2)

    def test_service(self):
        for form in ("req", "correlate", "req2", "led1", "bare1", "frame1", "asking1", "strict2", "led2", "asking2"):
            client, name = self.client(self.mdbroker, form), b"s." + form.encode()
            self.assertEqual(client.call(b"mmi.service", name).body, [b"404"])
            worker = self.worker(self.mdbroker, name, "strict2")
            self.assertEqual(client.call(b"mmi.service", name).body, [b"200"])
            asker = self.client(self.mdbroker)
            asker.send(name, b"x")
            worker.request()
            self.assertEqual(client.call(b"mmi.service", name).body, [b"200"], "busy counts")
            worker.send("disconnect")
            worker.sync()
            self.assertEqual(client.call(b"mmi.service", name).body, [b"404"], "a waiting request is no worker")

    def test_behind_proxies(self):
        client = self.client(self.hop(self.hop(self.mdbroker)), "asking2")
        self.assertEqual(client.call(b"mmi.service", b"none").body, [b"404"])
        self.assertEqual(client.call(b"mmi.none", b"none").body, [b"501"])

    def test_unknown(self):
        for form in ("led1", "strict2", "asking1"):
            client = self.client(self.mdbroker, form)
            for name in (b"mmi.", b"mmi.x", b"mmi.Service", b"mmi.service.", b"mmi.servic", b"mmi.error", b"mmi." + b"x" * 251):
                self.assertEqual(client.call(name, b"x").body, [b"501"])
                self.assertEqual(client.call(name, b"x", b"y").body, [b"501"])

    def test_frames(self):
        """Exactly one; what is in it does not matter where none is needed."""
        client = self.client(self.admin_endpoint)
        for name in (*KNOWN, b"mmi.drain", b"mmi.resume"):
            self.assertEqual(client.call(name, b"x", b"y").body, [b"400"])
            self.assertEqual(client.call(name, b"", b"").body, [b"400"])
        for argument in (b"", b"\0\xff", b"x" * 100000):
            for name in (b"mmi.version", b"mmi.services", b"mmi.workers", b"mmi.stats"):
                body = client.call(name, argument).body
                self.assertEqual((len(body), body[0]), (2, b"200"))
            for name in (b"mmi.service", b"mmi.explain", b"mmi.drain", b"mmi.resume"):
                self.assertEqual(client.call(name, argument).body, [b"404"])
        client.send(b"mmi.service")                         # no body: malformed like any request without one
        client.quiet()
        self.assertEqual(client.stats()["malformed_by_reason"]["body"], 1)

    def test_reports(self):
        client = self.client(self.mdbroker, "strict2")
        self.assertIn("0.2", str(client.report(b"mmi.version")))
        self.assertEqual(client.report(b"mmi.services")["services"], [])
        worker = self.worker(self.mdbroker, b'quo"te\\', "led2", credit=3, routing_id=b"\x01\xfe")
        other = self.client(self.mdbroker)
        other.send(b'quo"te\\', b"x")
        worker.request()
        [service] = client.report(b"mmi.services")["services"]
        self.assertEqual((service["service"], service["workers"], service["held"], service["waiting"], service["draining"]),
                         ('quo"te\\', 1, 1, 0, False))
        self.assertEqual((service["answered"], service["failed"], service["oldest_ms"], service["answered_us"], service["waited_us"]),
                         (0, 0, 0, {}, {"1": 1}))
        [row] = client.report(b"mmi.workers")["workers"]
        self.assertEqual((row["id"], row["mdp"], row["credit"], row["held"], row["service"]), ("01fe", "0.2", 3, 1, 'quo"te\\'))
        stats = client.stats()
        self.assertEqual((stats["workers"], stats["held"], stats["accepted"], stats["attempts"]), (1, 1, 1, 1))
        self.assertTrue(all(isinstance(value, (int, dict)) for value in stats.values()))

    def test_lists_that_are_too_long_are_cut(self):
        """They stay valid JSON and say how much is left out."""
        client = self.raw(self.mdbroker)
        for number in range(9000):
            client.put(b"", b"MDPC01", b"%05d" % number + b'"' * 250, b"x")
        client.sync()
        report = self.client(self.mdbroker).report(b"mmi.services")
        self.assertEqual(len(report["services"]) + report["left_out"], 9000)
        self.assertGreater(report["left_out"], 0)
        self.assertLess(len(json.dumps(report)), 5 << 20)

    def test_explain(self):
        client, asker = self.client(self.mdbroker), self.client(self.mdbroker)
        admin = self.client(self.admin_endpoint)

        def reason():
            return client.report(b"mmi.explain", b"echo")["reason"]
        self.assertEqual(client.call(b"mmi.explain", b"echo").body, [b"404"])
        for _ in range(2):
            asker.send(b"echo", b"x")
        asker.sync()
        self.assertEqual(reason(), "no worker")
        worker = self.worker(self.mdbroker)
        self.assertEqual(reason(), "all busy")
        self.assertEqual(admin.call(b"mmi.drain", b"echo").body, [b"200"])
        self.assertEqual(reason(), "draining")
        self.assertEqual(admin.call(b"mmi.resume", b"echo").body, [b"200"])
        worker.answer()
        worker.answer()
        worker.sync()
        report = client.report(b"mmi.explain", b"echo")
        self.assertEqual((report["waiting"], report["held"], report["workers"]), (0, 0, 1))

    def test_not_an_administrator(self):
        worker = self.worker(self.mdbroker)
        for form in ("led1", "strict2", "asking2"):
            client = self.client(self.mdbroker, form)
            for name in ADMIN:
                for body in ([b"echo"], [b""], [b"a", b"b"]):
                    self.assertEqual(client.call(name, *body).body, [b"403"])
        client.send(b"echo", b"x")
        worker.answer()
        self.assertEqual(client.recv().service, b"echo")
        self.assertEqual(client.stats()["mmi_denied"], 3 * len(ADMIN) * 3)

    def test_drain_and_resume(self):
        """Drained: what waits is still served, what comes is refused, and so until it is resumed, workers or not."""
        admin, client = self.client(self.admin_endpoint), self.asking(self.mdbroker)
        stock, other = self.client(self.mdbroker), self.asking(self.mdbroker, "asking2")
        worker = self.worker(self.mdbroker)
        for body in (b"1", b"2"):
            client.send(b"echo", body)
        client.sync()
        self.assertEqual(admin.call(b"mmi.drain", b"echo").body, [b"200"])
        self.assertEqual(admin.call(b"mmi.drain", b"echo").body, [b"200"])
        other.send(b"echo", b"refused")
        other.notice(503, b"echo")
        stock.send(b"echo", b"refused")
        stock.quiet()
        for body in (b"1", b"2"):
            self.assertEqual(worker.answer().body, [body])
            self.assertEqual(client.recv().body, [body])
        worker.send("disconnect")
        worker.sync()
        other.send(b"echo", b"refused")
        other.notice(503, b"echo")
        other.send(b"free", b"x")                           # another service
        self.worker(self.mdbroker, b"free").answer()
        self.assertEqual(other.recv().service, b"free")
        self.assertEqual(admin.call(b"mmi.resume", b"echo").body, [b"200"])
        other.send(b"echo", b"taken")
        self.worker(self.mdbroker).answer()
        self.assertEqual(other.recv().body, [b"taken"])
        self.assertEqual(self.balanced(self.mdbroker)["refused_draining"], 3)

    def test_administrators_are_ordinary_peers_too(self):
        client, worker = self.client(self.admin_endpoint), self.worker(self.admin_endpoint, b"there", "strict2")
        client.send(b"there", b"x")
        worker.answer()
        self.assertEqual(client.recv().body, [b"x"])
        self.still_serves(self.mdbroker)

    def test_a_broker_alone_has_no_peer_to_promote_over(self):
        client = self.client(self.admin_endpoint)
        for name in (b"mmi.promote", b"mmi.handover"):
            body = client.call(name, b"").body
            self.assertEqual(len(body), 1)
            self.assertNotEqual(body, [b"200"])

    def test_wishes_change_nothing(self):
        client = self.asking(self.mdbroker, ttl=1)
        client.send(b"mmi.service", b"none")
        self.assertEqual(client.recv()[:3], ("final", b"mmi.service", [b"404"]))
        client.quiet()


if __name__ == "__main__":
    keeltest.main()
