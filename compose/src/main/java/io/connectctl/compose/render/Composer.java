package io.connectctl.compose.render;

import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.util.ArrayList;
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

    private final TemplateSource source;
    private final BiPredicate<String, String> isSecret;

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
        List<RenderedFile> files = files(spec, site);
        return new Rendering(files, Fingerprint.of(files));
    }

    /**
     * The files as they may be shown: every secret value replaced, also one that an overlay holds in plain text. The
     * fingerprint is the one of the real files, so that a preview can be compared with what runs.
     */
    public Rendering preview(ServerSpec spec, Site site) throws RenderException {
        String fingerprint = render(spec, site).fingerprint();
        List<RenderedFile> shown = files(Secrets.redact(spec, isSecret), site).stream()
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

    private List<RenderedFile> files(ServerSpec spec, Site site) throws RenderException {
        SortedMap<String, Template> templates = source.load(spec.profile(), spec.templates());
        Map<String, Object> variables = Variables.of(spec, site, templates.keySet());
        List<RenderedFile> files = new ArrayList<>();
        for (Template template : templates.values()) {
            boolean executable = Format.of(template.name()) == Format.SHELL;
            files.add(new RenderedFile(template.name(), Renderer.render(template, variables), executable));
        }
        return files;
    }
}
