package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.Archive;
import io.connectctl.compose.runtime.ArchiveUnfitException;
import io.connectctl.compose.runtime.Archives;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.Training;
import io.connectctl.compose.spec.ServerName;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Class data archives of servers in containers: layers of their images, made by {@code connectctl image build} and by nobody else. */
final class ImageArchives implements Archives {
    private static final Logger LOG = LoggerFactory.getLogger(ImageArchives.class);

    /** What tells that a JVM mapped a file: 0 if one did, 1 if the JVM that runs here didn't, 2 if none can be looked at. */
    private static final String MAPPED = "seen=2; for maps in /proc/[0-9]*/maps; do"
            + " grep -q libjvm \"$maps\" 2>/dev/null || continue;"
            + " grep -qF -- \"$0\" \"$maps\" && exit 0; seen=1; done; exit $seen";

    private static final int NOT_MAPPED = 1;

    private final Engine engine;
    private final Images images;
    private final Histories histories;
    private final Adoptions adoptions;

    ImageArchives(Engine engine, Images images, Histories histories, Adoptions adoptions) {
        this.engine = engine;
        this.images = images;
        this.histories = histories;
        this.adoptions = adoptions;
    }

    /** The image that was prepared last for a server and holds no archive; empty where it holds one, or none is known. */
    Optional<String> without(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        Optional<String> name = prepared(server);
        return name.isPresent()
                        && images.find(name.get())
                                .filter(image -> image.archive().isEmpty())
                                .isPresent()
                ? name
                : Optional.empty();
    }

    /** A container that was adopted keeps its own command, whatever its image holds. */
    private Optional<String> prepared(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        return adoptions.of(server).isPresent()
                ? Optional.empty()
                : Optional.ofNullable(histories.of(server).image());
    }

    @Override
    public Archive of(LaunchPlan plan) {
        if (!plan.spec().archive()) {
            return new Archive.NotWanted();
        }
        try {
            Optional<String> name = prepared(plan.spec().name());
            Optional<Images.Image> image = name.isPresent() ? images.find(name.get()) : Optional.empty();
            Optional<ImageArchive> archive = image.flatMap(Images.Image::archive);
            if (archive.isEmpty()) {
                return new Archive.None();
            }
            archive.get().check(plan, image.get().environment());
            return new Archive.Ready(
                    archive.get().key(), ImageArchive.OPTIONS, archive.get().file());
        } catch (ArchiveUnfitException e) {
            return new Archive.Unfit(e.why());
        } catch (RuntimeUnavailableException e) {
            return new Archive.Unfit("the image can't be looked at: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Archive.None();
        }
    }

    @Override
    public Training train(LaunchPlan plan) throws LaunchException {
        throw new LaunchException(
                "ARCHIVE_UNFIT",
                "a container's class data archive is part of its image",
                "connectctl image build makes an image with one",
                false);
    }

    @Override
    public void failed(LaunchPlan plan, String why) {
        LOG.debug("{} isn't trained for: {}", plan.spec().name(), why);
    }

    @Override
    public boolean used(Instance instance, Archive.Ready archive) {
        if (instance.containerId().isEmpty()) {
            return true;
        }
        try {
            return engine.run(
                            instance.containerId().get(),
                            "/bin/sh",
                            "-c",
                            MAPPED,
                            archive.file().toString())
                    != NOT_MAPPED;
        } catch (EngineRefusal | RuntimeUnavailableException e) {
            LOG.debug("whether {} uses its archive isn't known: {}", instance.server(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return true;
    }
}
