package io.connectctl.compose.runtime;

import io.connectctl.compose.render.LaunchPlan;
import java.io.IOException;

/**
 * Class data archives: what a JVM wrote down of the classes of one class path, so that the next start of the same Spark on the
 * same JVM needs about half the time. They lie in the cache, or in images; nothing depends on them: whoever has none starts as before.
 */
public interface Archives {
    /**
     * What there is for this launch. Looks at the disk, or at the image; throws away what is damaged, and marks what it finds as
     * used. Never fails: where the cache can't be read, the server can't use an archive.
     */
    Archive of(LaunchPlan plan);

    /**
     * Starts a server of its own, at the lowest priority and on ports of its own, whose end will make the archive for this
     * plan. At most one at a time on one cache, also among several daemons.
     *
     * @throws LaunchException {@code ALREADY_RUNNING} where another one is under way; {@code ARCHIVE_UNFIT} where none can be
     *     trained for it here; else why it can't be started
     */
    Training train(LaunchPlan plan) throws LaunchException, InterruptedException;

    /** Remembers why the training for this plan failed, so that it isn't tried again and again. */
    void failed(LaunchPlan plan, String why) throws IOException;

    /** True if the running instance has the archive mapped, so that its JVM took it, or if that can't be found out. */
    boolean used(Instance instance, Archive.Ready archive);
}
