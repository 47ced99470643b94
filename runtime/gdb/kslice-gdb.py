# SPDX-License-Identifier: GPL-2.0
"""gdb commands for a domain: a running one (gdb -p) or its core. doc/DEBUGGING.md shows a session.

    gdb -x runtime/gdb/kslice-gdb.py build/NAME-debug/NAME.image -p PID       (or: build/NAME-debug/NAME.image CORE)

The image must have been built with `kslice build NAME --debug`: the commands read the kernel's own structures by its DWARF.
They only read memory, so they work on cores as well; nothing is called in the domain.
"""
import os

import gdb
import gdb.unwinder

SAVED = ("r15", "r14", "r13", "r12", "rbx", "rbp", "rip")  # what sd_switch() leaves on a stack, from its top (arch/sd/kernel/switch.S)
STATES = ((0x400, "I idle"), (0x1, "S sleeping"), (0x2, "D waiting"), (0x4, "T stopped"), (0x80, "X dead"))


def value(text):
    try:
        return gdb.parse_and_eval(text)
    except gdb.error as e:
        raise gdb.GdbError(f"{text}: {e}. Is this an image of `kslice build NAME --debug`?")


def word(address):
    return int(gdb.Value(address).cast(gdb.lookup_type("unsigned long").pointer()).dereference())


def entries(head, kind, member):
    """The structures `kind` whose struct list_head `member` is on the list `head`, in order."""
    kind = gdb.lookup_type(kind)
    field = next(f for f in kind.fields() if f.name == member)
    node = head["next"]
    while int(node) != int(head.address):
        yield gdb.Value(int(node) - field.bitpos // 8).cast(kind.pointer()).dereference()
        node = node["next"]


def tasks():
    """Every task: the idle one, then each process with its threads."""
    init = value("init_task")
    yield init
    leaders = [init] + list(entries(init["tasks"], "struct task_struct", "tasks"))
    for leader in leaders:
        for t in entries(leader["signal"].dereference()["thread_head"], "struct task_struct", "thread_node"):
            if int(t.address) != int(init.address):
                yield t


def is_current(task):
    return int(value("sd_current")) == int(task.address)


def state(task):
    if is_current(task):
        return "R on the vCPU"
    bits = int(task["__state"])
    return next((name for bit, name in STATES if bits & bit), "R runnable")


def task_of(arg):
    for t in tasks():
        if arg.isdigit() and int(t["pid"]) == int(arg):
            return t
    raise gdb.GdbError(f"no task {arg}: kslice-tasks lists them by pid")


def at_line(sal):
    return f" at {os.path.normpath(sal.symtab.fullname())}:{sal.line}" if sal.symtab else ""


def place(pc):
    sal = gdb.find_pc_line(pc)
    function = gdb.block_for_pc(pc)
    while function and not function.function:
        function = function.superblock
    return f"{function.function if function else '??'}{at_line(sal)}"


class TaskFrames(gdb.unwinder.Unwinder):
    """While a task is chosen, the caller of the thread's innermost frame is the task's: where it called sd_switch()."""

    def __init__(self):
        super().__init__("kslice-task")
        self.enabled = False
        self.task = None

    def choose(self, task):
        self.enabled = False
        gdb.invalidate_cached_frames()
        if task is None:
            return
        frame = gdb.newest_frame()
        self.at = int(frame.read_register("rsp")), int(frame.read_register("rip"))
        self.sp = int(task["thread"]["sp"])
        self.enabled = True
        gdb.invalidate_cached_frames()

    def __call__(self, pending):
        here = int(pending.read_register("rsp")), int(pending.read_register("rip"))
        if here != self.at:
            return None
        ulong = gdb.lookup_type("unsigned long")

        class Id:
            sp = gdb.Value(self.sp).cast(ulong)
            pc = pending.read_register("rip")
        info = pending.create_unwind_info(Id())
        for i, name in enumerate(SAVED):
            info.add_saved_register(name, gdb.Value(word(self.sp + 8 * i)).cast(ulong))
        info.add_saved_register("rsp", gdb.Value(self.sp + 8 * len(SAVED)).cast(ulong))
        return info


FRAMES = TaskFrames()
gdb.unwinder.register_unwinder(None, FRAMES, replace=True)


def select_vcpu(task):
    """The host thread that runs the current task: the one that is on its stack, or was, when it went into the machine."""
    low = int(task["stack"])
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        frame = gdb.newest_frame()
        while frame:
            if low <= int(frame.read_register("rsp")) < low + 4 * 4096:
                return
            frame = frame.older()
    raise gdb.GdbError("no thread is on the current task's stack")


def show_frames(frame):
    n = 0
    while frame and frame.unwind_stop_reason() == gdb.FRAME_UNWIND_NO_REASON:
        gdb.write(f"#{n:<3}{frame.pc():#x} in {frame.name() or '??'} (){at_line(frame.find_sal())}\n")
        frame = frame.older()
        n += 1


class Command(gdb.Command):
    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        self.run(arg.strip())


class Tasks(Command):
    """kslice-tasks: every task of the domain, and where it sleeps."""
    name = "kslice-tasks"

    def run(self, arg):
        gdb.write(f"{'pid':>6} {'state':15}{'name':18}where\n")
        for t in tasks():
            where = "" if is_current(t) else place(word(int(t["thread"]["sp"]) + 8 * SAVED.index("rip")))
            gdb.write(f"{int(t['pid']):6} {state(t):15}{t['comm'].string():18}{where}\n")


class Backtrace(Command):
    """kslice-bt PID: the stack of a task. PID is the domain's own number for it, see kslice-tasks."""
    name = "kslice-bt"

    def run(self, arg):
        task = task_of(arg)
        FRAMES.choose(None)
        if is_current(task):
            select_vcpu(task)
            return show_frames(gdb.newest_frame())
        FRAMES.choose(task)
        try:
            show_frames(gdb.newest_frame().older())
        finally:
            FRAMES.choose(None)


class Task(Command):
    """kslice-task PID: from now on the frames from 1 on are those of this task, for bt, frame, info locals. Without PID: the thread's own again."""
    name = "kslice-task"

    def run(self, arg):
        FRAMES.choose(task_of(arg) if arg else None)


def clients():
    return entries(value("sd_state")["clients"], "struct sd_client", "node")


def client_state(c):
    for field in ("ended", "ending", "exits", "executing"):
        if int(c[field]):
            return field
    return "attached"


class Clients(Command):
    """kslice-clients: every client of the domain: its number, user, state, calls in service. Of which process it is, the supervisor's log says."""
    name = "kslice-clients"

    def run(self, arg):
        gdb.write(f"{'client':>6} {'uid':>6} {'state':10}{'calls':>6} {'waiting':>8}\n")
        for c in clients():
            gdb.write(f"{int(c['id']):6} {int(c['cred']['uid']['val']):6} {client_state(c):10}{int(c['calls']):6} "
                      f"{int(c['held'][0]):8}\n")


def op_name(op):
    first = int(value("(int)SD_OP_CALLS"))
    return value("sd_served")[op - first]["name"].string() if op >= first else f"op {op} of the transport"


def show_call(w):
    req = w["req"]
    args = ", ".join(f"{int(req['arg'][i]) & (1 << 64) - 1:#x}" for i in range(6))
    gdb.write(f"        entry {int(req['n'])} slot {int(req['slot'])}: {op_name(int(req['op']))}({args}) in task {int(w['task']['pid'])}\n")


class QueuePairs(Command):
    """kslice-qps [CLIENT]: the queue pairs that were used, and the entries that are being served."""
    name = "kslice-qps"

    def run(self, arg):
        for c in clients():
            if arg and int(c["id"]) != int(arg):
                continue
            workers = list(entries(c["workers"], "struct sd_worker", "incall"))
            for i in range(int(c["reg"]["qp"].type.range()[1]) + 1):
                self.qp(c, c["reg"]["qp"][i], i, workers)

    def qp(self, c, qp, i, workers):
        if not int(qp["head"]):
            return
        polled = "polled" if int(qp["polled"]) else "not polled"
        gdb.write(f"client {int(c['id'])} queue pair {i}: next entry {int(qp['head'])}, {bin(int(qp['busy'])).count('1')} in service, {polled}\n")
        for w in workers:
            if int(w["req"]["qp"]) == int(qp.address):
                show_call(w)


class Dmesg(Command):
    """kslice-dmesg: the kernel's messages, from its ring buffer; the log of `kdom log` has them too, unless the domain died before it wrote them."""
    name = "kslice-dmesg"

    def run(self, arg):
        rb = value("prb").dereference()
        ring, data = rb["desc_ring"], rb["text_data_ring"]
        count = 1 << int(ring["count_bits"])
        mask = (1 << 62) - 1
        last = int(ring["head_id"]["counter"]) & mask
        n = int(ring["tail_id"]["counter"]) & mask
        while True:
            self.record(ring, data, n, n % count)
            if n == last:
                return
            n = (n + 1) & mask

    def record(self, ring, data, n, at):
        """A descriptor counts when its state is committed (1) or finalized (2) and it still is of record n."""
        desc, info = ring["descs"][at], ring["infos"][at]
        var = int(desc["state_var"]["counter"]) & (1 << 64) - 1
        begin, end = (int(desc["text_blk_lpos"][k]) & (1 << 64) - 1 for k in ("begin", "next"))
        if var >> 62 not in (1, 2) or var & (1 << 62) - 1 != n or begin & 1:
            return
        bits = int(data["size_bits"])
        if begin >> bits != end >> bits and end & (1 << bits) - 1:
            begin = end >> bits << bits  # a block that would cross the end is at the beginning
        at = int(data["data"]) + (begin & (1 << bits) - 1) + 8  # behind the record's number
        text = gdb.selected_inferior().read_memory(at, int(info["text_len"])).tobytes().decode(errors="replace")
        gdb.write(f"[{int(info['ts_nsec']) / 1e9:12.6f}] {text}\n")


for command in (Tasks, Backtrace, Task, Clients, QueuePairs, Dmesg):
    command()
