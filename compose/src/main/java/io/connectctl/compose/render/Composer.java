package io.connectctl.compose.render;

import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/** Renders a server's files from templates and makes its launch plan. */
public final class Composer {
    /** The file that a launch runs. */
    static final String ENTRYPOINT = "entrypoint";

    /** Far above the servers of one machine; a rendering is some kilobytes. */
    private static final int REMEMBERED = 256;

    private final TemplateSource source;
    private final BiPredicate<String, String> isSecret;
    /**
     * The latest renderings. Whoever compares what runs with what would be rendered now does so at every look, and to read the
     * templates takes a fraction of the time that it takes to render them.
     */
    private final Map<Subject, Rendering> latest = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Subject, Rendering> eldest) {
            return size() > REMEMBERED;
        }
    };

    /** All that a rendering depends on. */
    private record Subject(ServerSpec spec, Site site, SortedMap<String, Template> templates) {}

    /**
     * @param profiles folder of the user's profiles ({@code CONFIG/templates}); a folder in it with the declared profile's
     *     name wins file by file over the built-in templates
     */
    public Composer(Optional<Path> profiles) {
        this(profiles, Secrets::isSecret);
    }

    /** With another judge of what is secret. */
    Composer(Optional<Path> profiles, BiPredicate<String, String> isSecret) {
        this.source = new TemplateSource(profiles);
        this.isSecret = isSecret;
    }

    /**
     * The files of a server.
     *
     * @throws RenderException if a template can't be read, uses an unknown variable, or is malformed; names file and line
     */
    public Rendering render(ServerSpec spec, Site site) throws RenderException {
        Subject subject = new Subject(spec, site, source.load(spec.profile(), spec.templates()));
        synchronized (latest) {
            Rendering known = latest.get(subject);
            if (known != null) {
                return known;
            }
        }
        List<RenderedFile> files = files(subject);
        Rendering rendering = new Rendering(files, Fingerprint.of(files));
        synchronized (latest) {
            latest.put(subject, rendering);
        }
        return rendering;
    }

    /**
     * The files as they may be shown: every secret value replaced, also one that an overlay holds in plain text. The
     * fingerprint is the one of the real files, so that a preview can be compared with what runs.
     */
    public Rendering preview(ServerSpec spec, Site site) throws RenderException {
        String fingerprint = render(spec, site).fingerprint();
        Subject redacted =
                new Subject(Secrets.redact(spec, isSecret), site, source.load(spec.profile(), spec.templates()));
        List<RenderedFile> shown = files(redacted).stream()
                .map(file -> Redaction.of(file, isSecret))
                .toList();
        return new Rendering(shown, fingerprint);
    }

    /** The plan for one instance. */
    public LaunchPlan compose(ServerSpec spec, Site site, LaunchTicket ticket) throws RenderException {
        Rendering rendering = render(spec, site);
        Map<String, String> environment = new TreeMap<>();
        site.javaHome().ifPresent(home -> environment.put("JAVA_HOME", home.toString()));
        environment.put("CONNECTCTL_INSTANCE", ticket.marker());
        ticket.grpcPort().ifPresent(port -> environment.put("CONNECTCTL_GRPC_PORT", Integer.toString(port)));
        ticket.token()
                .filter(token -> site.token().isEmpty())
                .ifPresent(token -> environment.put(Variables.TOKEN, token));
        List<String> command =
                List.of("/bin/sh", site.conf().resolve(ENTRYPOINT).toString());
        return new LaunchPlan(spec, site, ticket, rendering, command, environment);
    }

    private static List<RenderedFile> files(Subject subject) throws RenderException {
        Map<String, Object> variables =
                Variables.of(subject.spec(), subject.site(), subject.templates().keySet());
        List<RenderedFile> files = new ArrayList<>();
        for (Template template : subject.templates().values()) {
            boolean executable = Format.of(template.name()) == Format.SHELL;
            files.add(new RenderedFile(template.name(), Renderer.render(template, variables), executable));
        }
        return files;
    }
}
