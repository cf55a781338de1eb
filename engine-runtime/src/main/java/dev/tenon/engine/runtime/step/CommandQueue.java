package dev.tenon.engine.runtime.step;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Commands on their way to the engine's thread, which sleeps while there are none. */
public final class CommandQueue {
  private final Queue<Command> commands = new ConcurrentLinkedQueue<>();
  private volatile @Nullable Thread sleeper;

  /** Adds a command; from any thread. */
  public void add(Command command) {
    commands.add(command);
    Thread thread = sleeper;
    if (thread != null) {
      LockSupport.unpark(thread);
    }
  }

  /** The next command, if there is one. */
  public @Nullable Command poll() {
    return commands.poll();
  }

  /** Sleeps until there is a command; may return early. */
  public void await() {
    sleeper = Thread.currentThread();
    try {
      if (commands.isEmpty()) {
        LockSupport.park(this);
      }
    } finally {
      sleeper = null;
    }
  }
}
