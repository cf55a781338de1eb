package dev.tenon.server.javalin;

import dev.tenon.api.GenerationRequest;
import io.javalin.http.Context;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Feeds an answer until it is complete, or until nobody waits for it. */
final class AnswerLoop {
  /** Makes the answer once the engine has accepted the request, and with it the choices' number. */
  interface Opening {
    Answer open();
  }

  private static final Duration LOOK_AT_CLIENT = Duration.ofMillis(100);

  private final ServedModel model;
  private final OpenRequests requests;

  AnswerLoop(ServedModel model, OpenRequests requests) {
    this.model = model;
    this.requests = requests;
  }

  void run(Context context, List<GenerationRequest> generations, Opening opening) {
    try (EventFeed feed = EventFeed.submit(model.engine(), generations)) {
      requests.add(feed);
      try {
        feed(new ClientConnection(context.req()), feed, opening.open());
      } finally {
        requests.remove(feed);
      }
    } catch (IOException e) {
      throw new ClientGone(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClientGone(e);
    }
  }

  private static void feed(ClientConnection client, EventFeed feed, Answer answer)
      throws IOException, InterruptedException {
    long looked = System.nanoTime();
    try {
      while (!feed.ended()) {
        EventFeed.Item item = feed.poll(LOOK_AT_CLIENT);
        if (item != null && item.event() != null) {
          answer.event(item.prompt(), item.event());
          if (!feed.ready()) {
            answer.flush();
          }
        }
        if (System.nanoTime() - looked >= LOOK_AT_CLIENT.toNanos()) {
          looked = System.nanoTime();
          if (client.gone()) {
            throw new ClientGone(null);
          }
        }
      }
      answer.end();
    } catch (ClientGone e) {
      throw e;
    } catch (RuntimeException e) {
      if (!answer.failed(e)) {
        throw e;
      }
    }
  }
}
