"""Requests and their lives: restarts, kills, slow and dead services, full stores, operators."""
import os
import signal
import threading
import time

import keeltest
import mdp
import stock_broker
import titanic
from keeltest import eventually


class Life(titanic.Case):
    def test_what_was_acknowledged_survives_kill_9(self):
        broker, program = self.station()
        tsp = self.tsp(broker)
        uuids = [tsp.request(b"later", b"%d" % n) for n in range(50)]
        program.kill()
        self.titanic(broker)
        worker = self.worker(broker, b"later", credit=64)
        runs = 0

        def answered(uuid):
            """The worker goes on meanwhile: what the dead titanic had left with the broker comes first, for nobody."""
            nonlocal runs
            worker.sync()
            while worker.arrived:
                request = worker.request()
                worker.final(request.token, b"re:" + request.body[0])
                runs += 1
            code, body = tsp.reply(uuid)
            return code == 200 and body
        for n, uuid in enumerate(uuids):
            self.assertEqual(eventually(lambda: answered(uuid), "it is answered"), [b"re:%d" % n])
        self.assertLessEqual(runs, 100)

    def test_sigterm_answers_what_it_has_taken(self):
        broker, program = self.station()
        clients = [self.client(broker) for _ in range(20)]
        for client in clients:
            client.send(b"titanic.request", b"later", b"x")
        broker_stats = self.client(broker)
        eventually(lambda: broker_stats.stats()["accepted"] >= 20, "the broker has them all")
        program.signal(signal.SIGTERM)
        self.assertEqual(program.exits(), 0)
        stored = 0
        for client in clients:
            if client.socket.poll(0):
                stored += client.recv().body[0] == b"200"
        self.titanic(broker)
        eventually(lambda: self.stats()["store_pending"] >= stored, "what was answered is there")

    def test_a_slow_service_is_run_once(self):
        broker, _ = self.station()
        worker, tsp = self.worker(broker, b"slow", credit=5), self.tsp(broker)
        uuid = tsp.request(b"slow", b"x")
        request = worker.request()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            self.assertEqual(tsp.reply(uuid), (300, []))
            time.sleep(0.1)
        worker.quiet()
        worker.final(request.token, b"done")
        self.assertEqual(tsp.wait(uuid), [b"done"])
        worker.quiet()

    def test_a_dead_service_delays_no_other(self):
        broker, _ = self.station()
        tsp = self.tsp(broker)
        tsp.flood(b"dead", 10000)
        worker = self.worker(broker, b"live")
        worst = 0
        for n in range(20):
            start = time.monotonic()
            uuid = tsp.request(b"live", b"%d" % n)
            worker.answer()
            self.assertEqual(tsp.wait(uuid), [b"%d" % n])
            worst = max(worst, time.monotonic() - start)
        self.assertLess(worst, 2)

    def test_a_broker_that_comes_back(self):
        endpoint = self.ipc()
        broker = self.broker(bind=endpoint)
        self.titanic(broker)
        tsp = self.tsp(broker)
        uuid = tsp.request(b"echo", b"x")
        broker.kill()
        broker = self.broker(bind=endpoint)
        self.registered(broker, b"titanic.reply")
        worker, tsp = self.worker(broker), self.tsp(broker)
        worker.answer(b"late")
        self.assertEqual(tsp.wait(uuid), [b"late"])

    def test_one_that_asks_too_much_is_told(self):
        broker, _ = self.station("--limit-frames", 3, "--limit-body-bytes", 1000)
        tsp = self.tsp(broker)
        self.assertEqual(tsp.call(b"request", b"echo", *[b"x"] * 4)[0], 500)
        self.assertEqual(tsp.call(b"request", b"echo", b"x" * 1001)[0], 500)
        self.assertEqual(tsp.call(b"submit", titanic.new_uuid(), b"echo", b"x" * 1001)[0], 500)
        self.assertEqual(self.stats()["store_pending"], 0)
        self.assertTrue(tsp.request(b"echo", b"x" * 1000))


class Stock(titanic.Case):
    def test_a_stock_broker(self):
        endpoint = self.ipc()
        broker = stock_broker.StockBroker(self.context, endpoint)
        thread = threading.Thread(target=broker.run)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(setattr, broker, "ending", True)
        self.titanic(endpoint, "--heartbeat", 500)
        tsp = self.tsp(endpoint)
        dead, uuids = tsp.request(b"dead", b"x"), [tsp.request(b"echo", b"%d" % n) for n in range(5)]
        slow = tsp.request(b"slow", b"x")
        sluggard = self.met(mdp.Worker(self.context, endpoint, b"slow", mdp.WORKER_FORMS["led1"]))
        sluggard.ready()
        request = sluggard.request()
        worker = self.met(mdp.Worker(self.context, endpoint, b"echo", mdp.WORKER_FORMS["led1"]))
        worker.ready()
        for n, uuid in enumerate(uuids):
            self.assertEqual(worker.answer().body, [b"%d" % n])
            self.assertEqual(tsp.wait(uuid), [b"%d" % n])
        self.assertEqual(tsp.reply(slow), (300, []))
        sluggard.final(request.token, b"late")
        self.assertEqual(tsp.wait(slow), [b"late"])
        self.assertEqual(tsp.reply(dead), (300, []))
        self.assertEqual(broker.dropped, 0)
        self.assertLessEqual(broker.most_waiting[b"echo"], 1)
        self.assertEqual(broker.most_waiting[b"dead"], 0)


class Full(titanic.Case):
    def test_a_full_store_refuses_and_recovers(self):
        broker, station = self.station("--map-size", "1M")
        tsp, uuids, code = self.tsp(broker), [], 200
        while code == 200 and len(uuids) < 1000:
            code, text, rest = tsp.call(b"request", b"later", b"x" * 5000)
            uuids += rest
        self.assertEqual(code, 500)
        self.assertIn(b"full", text)
        station.says("WARNING: store full")
        self.assertEqual(tsp.reply(uuids[0]), (300, []))
        worker = self.worker(broker, b"later", credit=10)
        worker.answer(b"r")
        self.assertEqual(tsp.wait(uuids[0]), [b"r"])
        for uuid in uuids[:len(uuids) // 2]:
            self.assertEqual(tsp.close(uuid), 200)
        self.assertEqual(tsp.call(b"request", b"later", b"x" * 5000)[0], 200)


class Operators(titanic.Case):
    def test_lists_show_requeue_and_purge(self):
        broker = self.broker("--max-attempts", 1)
        self.titanic(broker, "--max-attempts", 1)
        tsp = self.tsp(broker)
        uuid, other = tsp.request(b"poison", b"x"), tsp.request(b"later", b"one", b"two")
        worker = self.worker(broker, b"poison")
        worker.request()
        worker.send("disconnect")
        eventually(lambda: tsp.reply(uuid)[0] == 500, "the request is dead")
        code, listed = self.ask("list")
        self.assertEqual((code, len(listed["requests"]), listed["more"]), (200, 2, False))
        self.assertEqual([item["uuid"] for item in self.ask("list", "", "dead")[1]["requests"]], [uuid.decode()])
        self.assertEqual(self.ask("list", "later", "", "", "1")[1]["requests"][0]["frames"], 2)
        self.assertEqual(self.ask("list", "", "", "3600000")[1]["requests"], [])
        shown = self.ask("show", uuid)[1]
        self.assertEqual((shown["state"], shown["attempts"], shown["running"]), ("dead", 1, False))
        self.assertTrue(shown["reason"])
        self.assertEqual(self.ask("requeue", other)[0], 404)
        self.assertEqual(self.ask("requeue", uuid)[1], {"requeued": 1, "more": False})
        worker.ready()
        worker.answer(b"now")
        self.assertEqual(tsp.wait(uuid), [b"now"])
        self.assertEqual(self.ask("purge", uuid)[1]["purged"], 1)
        self.assertEqual(tsp.reply(uuid)[0], 400)
        self.assertEqual(self.ask("purge", uuid)[0], 404)
        self.assertEqual(self.ask("purge", "service", "later")[1]["purged"], 1)
        for words in (["nonsense"], ["show", "x"], ["list", "a b"], ["backup", "relative"]):
            self.assertEqual(self.ask(*words)[0], 400)
        self.assertEqual(self.stats()["store_pending"], 0)

    def test_a_backup_can_be_served(self):
        broker, program = self.station()
        tsp = self.tsp(broker)
        uuid = tsp.request(b"later", b"x")
        place = self.path("backup")
        self.assertEqual(self.ask("backup", place), (200, {"path": place}))
        self.assertEqual(self.ask("backup", place)[0], 500)
        self.assertEqual(tsp.close(uuid), 200)
        program.signal(signal.SIGTERM)
        self.assertEqual(program.exits(), 0)
        self.data = place
        self.titanic(broker)
        self.assertEqual(tsp.reply(uuid), (300, []))

    def test_counters_go_to_the_log(self):
        broker, program = self.station()
        self.tsp(broker).request(b"later", b"x")
        program.signal(signal.SIGUSR1)
        program.says(r'stats \{.*"stored":1')
        self.assertTrue(os.path.exists(os.path.join(self.data, "data.mdb")))


if __name__ == "__main__":
    keeltest.main()
