package io.connectctl.manager.api;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;

/**
 * An answer that goes on: chunks leave as soon as they come, through a bounded queue, and no thread is held while nothing
 * comes. It is over when it was ended, when the client went away (closing its sending side counts), or when a write failed.
 */
final class Stream extends IteratingCallback {
    /** Enough for a burst of news; what is beyond waits with the one who puts it. */
    private static final int LONGEST_QUEUE = 512;

    /** Chunks that wait together leave together, up to this many bytes. */
    private static final int LARGEST_WRITE = 16 << 10;

    private final Call call;
    private final EndPoint endPoint;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private final List<Runnable> onOver = new ArrayList<>();
    private boolean ending;
    private boolean lastSent;
    private boolean over;
    private long written;

    private Stream(Call call) {
        this.call = call;
        this.endPoint = call.request().getConnectionMetaData().getConnection().getEndPoint();
    }

    /** Sends the headers; chunks may follow. */
    static Stream open(Call call, String contentType) {
        Stream stream = new Stream(call);
        call.response().setStatus(200);
        call.response().getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
        call.response().getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        // Nothing may follow on this connection, so whatever can be read from it means that the client goes.
        call.response().getHeaders().put(HttpHeader.CONNECTION, "close");
        if (call.request().getConnectionMetaData().getHttpVersion() == HttpVersion.HTTP_1_1) {
            // Else Jetty ends the answer by closing, and a reader couldn't tell an end from a cut.
            call.response().getHeaders().put(HttpHeader.TRANSFER_ENCODING, "chunked");
        }
        stream.waiting.add(new byte[0]);
        // A log may be silent for days, and a reader may stand in a pager: only a client that is gone ends the stream.
        stream.endPoint.setIdleTimeout(0);
        stream.watch();
        stream.iterate();
        return stream;
    }

    /**
     * Sends a chunk; waits while the queue is full.
     *
     * @return false if the stream is over, or if the queue stayed full for {@code patience}
     */
    boolean put(byte[] chunk, Duration patience) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = patience.toNanos();
            while (waiting.size() >= LONGEST_QUEUE && !over && !ending) {
                if (left <= 0) {
                    return false;
                }
                left = room.awaitNanos(left);
            }
            if (over || ending) {
                return false;
            }
            waiting.add(chunk);
        } finally {
            lock.unlock();
        }
        iterate();
        return true;
    }

    /** Sends {@code chunk} if nothing else waits; never blocks. For what only keeps the stream alive. */
    void putIfIdle(byte[] chunk) {
        lock.lock();
        try {
            if (over || ending || !waiting.isEmpty()) {
                return;
            }
            waiting.add(chunk);
        } finally {
            lock.unlock();
        }
        iterate();
    }

    /** Ends the stream after what waits. */
    void end() {
        finish(false, new byte[0]);
    }

    /** Drops what waits, sends {@code last} and ends: for a client that can't keep up. */
    void cut(byte[] last) {
        finish(true, last);
    }

    private void finish(boolean drop, byte[] last) {
        lock.lock();
        try {
            if (over || ending) {
                return;
            }
            if (drop) {
                waiting.clear();
            }
            waiting.add(last);
            ending = true;
            room.signalAll();
        } finally {
            lock.unlock();
        }
        // A client that doesn't read may keep its connection for long; what feeds it is freed now.
        finished();
        iterate();
    }

    private void finished() {
        List<Runnable> actions;
        lock.lock();
        try {
            actions = List.copyOf(onOver);
            onOver.clear();
        } finally {
            lock.unlock();
        }
        actions.forEach(Runnable::run);
    }

    /**
     * Does {@code action} once when nothing can be put any more: the stream is ending or over. Must not block: it runs
     * where writes complete.
     */
    void whenOver(Runnable action) {
        lock.lock();
        try {
            if (!over && !ending) {
                onOver.add(action);
                return;
            }
        } finally {
            lock.unlock();
        }
        action.run();
    }

    /** True once it is over. */
    boolean isOver() {
        lock.lock();
        try {
            return over;
        } finally {
            lock.unlock();
        }
    }

    /** How many chunks have left or are leaving. */
    long written() {
        lock.lock();
        try {
            return written;
        } finally {
            lock.unlock();
        }
    }

    private void watch() {
        endPoint.tryFillInterested(new Callback() {
            @Override
            public void succeeded() {
                try {
                    if (endPoint.fill(BufferUtil.allocate(64)) >= 0) {
                        watch();
                        return;
                    }
                } catch (java.io.IOException e) {
                    // A reset says the same as an end.
                }
                gone();
            }

            @Override
            public void failed(Throwable x) {
                gone();
            }
        });
    }

    private void gone() {
        if (!isOver()) {
            abort(new EofException("the client went away"));
            endPoint.close();
        }
    }

    @Override
    protected Action process() {
        boolean last;
        ByteBuffer chunk;
        lock.lock();
        try {
            if (lastSent) {
                return Action.SUCCEEDED;
            }
            if (waiting.isEmpty()) {
                return Action.IDLE;
            }
            chunk = merged();
            last = ending && waiting.isEmpty();
            lastSent = last;
            room.signalAll();
        } finally {
            lock.unlock();
        }
        call.response().write(last, chunk, this);
        return Action.SCHEDULED;
    }

    private ByteBuffer merged() {
        int size = 0;
        List<byte[]> chunks = new ArrayList<>();
        do {
            byte[] chunk = waiting.remove();
            size += chunk.length;
            chunks.add(chunk);
        } while (!waiting.isEmpty() && size < LARGEST_WRITE);
        written += chunks.size();
        ByteBuffer buffer = ByteBuffer.allocate(size);
        chunks.forEach(buffer::put);
        return buffer.flip();
    }

    @Override
    protected void onCompleteSuccess() {
        over();
        call.callback().succeeded();
    }

    @Override
    protected void onCompleteFailure(Throwable cause) {
        over();
        call.callback().failed(cause);
    }

    private void over() {
        lock.lock();
        try {
            over = true;
            waiting.clear();
            room.signalAll();
        } finally {
            lock.unlock();
        }
        finished();
    }
}
