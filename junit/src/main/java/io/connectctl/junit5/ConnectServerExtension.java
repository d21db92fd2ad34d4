package io.connectctl.junit5;

import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestInstancePostProcessor;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;

/** Turns {@link ConnectServer} into servers: finds out what is declared where, keeps it in JUnit's stores, injects it. */
final class ConnectServerExtension
        implements BeforeAllCallback, TestInstancePostProcessor, BeforeEachCallback, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(ConnectServerExtension.class);

    private static final Predicate<Field> STATIC = field -> Modifier.isStatic(field.getModifiers());

    /**
     * What is declared, and where.
     *
     * @param declaration the server
     * @param testClass the context of the test class that it belongs to
     */
    private record Place(Declaration declaration, ExtensionContext testClass) {}

    /** What a server of one class is kept under: a nested class looks into its outer class' store, too. */
    private record Key(Declaration declaration, Class<?> testClass) {}

    @Override
    public void beforeAll(ExtensionContext context) {
        ExtensionContext testClass = testClass(context, context.getRequiredTestClass());
        declared(testClass).ifPresent(ConnectServerExtension::server);
        inject(testClass, STATIC, null);
    }

    @Override
    public void postProcessTestInstance(Object instance, ExtensionContext context) {
        // The outer instances of a nested class are made within the nested class' context, too.
        inject(testClass(context, instance.getClass()), STATIC.negate(), instance);
    }

    /** Up to JUnit 5.10 an extension that only an instance's field brings comes too late for the above; and a restart may have moved the URL. */
    @Override
    public void beforeEach(ExtensionContext context) {
        for (Object instance : context.getRequiredTestInstances().getAllInstances()) {
            inject(testClass(context, instance.getClass()), STATIC.negate(), instance);
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.isAnnotated(ConnectServer.class)
                || parameter.getParameter().getType() == ConnectServerHandle.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Executable executable = parameter.getDeclaringExecutable();
        // As above; but a method may be one that the test class inherits.
        ExtensionContext testClass = testClass(
                context,
                executable instanceof Constructor ? executable.getDeclaringClass() : context.getRequiredTestClass());
        String target = "parameter '" + parameter.getParameter().getName() + "' of " + executable;
        Place place = parameter
                .findAnnotation(ConnectServer.class)
                .map(annotation -> place(annotation, testClass))
                .or(() -> declared(testClass))
                .orElseThrow(() -> new ExtensionConfigurationException(
                        target + ": nothing declares its server; put @ConnectServer on the parameter, or on "
                                + testClass.getRequiredTestClass().getName()));
        return value(place, parameter.getParameter().getType(), target);
    }

    // ------------------------------------------------------------------ what is declared

    /** The context of a test class as a whole, also where invocations of it have contexts of their own. */
    private static ExtensionContext testClass(ExtensionContext context, Class<?> testClass) {
        ExtensionContext found = context;
        for (Optional<ExtensionContext> at = Optional.of(context);
                at.isPresent();
                at = at.get().getParent()) {
            if (at.get().getTestClass().filter(testClass::equals).isPresent()) {
                found = at.get();
            }
        }
        return found;
    }

    /** What this test class, or one around it, declares. JUnit's contexts know who is around a nested class that is inherited. */
    private static Optional<Place> declared(ExtensionContext testClass) {
        for (Optional<ExtensionContext> at = Optional.of(testClass);
                at.isPresent();
                at = at.get().getParent()) {
            Optional<ConnectServer> annotation = at.get()
                    .getTestClass()
                    .flatMap(type -> AnnotationSupport.findAnnotation(type, ConnectServer.class));
            if (annotation.isPresent()) {
                ExtensionContext declaring = testClass(at.get(), at.get().getRequiredTestClass());
                return Optional.of(new Place(Declaration.of(annotation.get()), declaring));
            }
        }
        return Optional.empty();
    }

    /** What the annotation of a field or parameter means. */
    private static Place place(ConnectServer annotation, ExtensionContext testClass) {
        Place own = new Place(Declaration.of(annotation), testClass);
        return own.declaration().equals(Declaration.BARE) ? declared(testClass).orElse(own) : own;
    }

    // ------------------------------------------------------------------ servers

    private static ConnectServerHandle server(Place place) {
        Declaration declaration = place.declaration();
        ExtensionContext testClass = place.testClass();
        boolean shared = declaration.reuse() == Reuse.RUN;
        ExtensionContext.Store store = (shared ? testClass.getRoot() : testClass).getStore(NAMESPACE);
        Object key = shared ? declaration : new Key(declaration, testClass.getRequiredTestClass());
        // Nothing is started in here: JUnit's store is locked, and what fails in it is kept or not, by version.
        return store.getOrComputeIfAbsent(
                        key,
                        absent -> new Reservation(() -> Lease.take(connectctl(testClass), declaration)),
                        Reservation.class)
                .handle();
    }

    private static Connectctl connectctl(ExtensionContext context) {
        return Connectctl.find(
                context.getConfigurationParameter(Connectctl.PARAMETER),
                Optional.ofNullable(System.getenv(Connectctl.VARIABLE)),
                Optional.ofNullable(System.getenv("PATH")).orElse(""));
    }

    // ------------------------------------------------------------------ injection

    private static void inject(ExtensionContext testClass, Predicate<Field> which, @Nullable Object instance) {
        for (Field field : AnnotationSupport.findAnnotatedFields(
                instance == null ? testClass.getRequiredTestClass() : instance.getClass(),
                ConnectServer.class,
                which,
                HierarchyTraversalMode.TOP_DOWN)) {
            ConnectServer annotation =
                    AnnotationSupport.findAnnotation(field, ConnectServer.class).orElseThrow();
            String target = "field " + field.getDeclaringClass().getName() + "." + field.getName();
            if (Modifier.isFinal(field.getModifiers())) {
                throw new ExtensionConfigurationException(
                        target + " is final, so nothing can be injected: leave final out");
            }
            Object value = value(place(annotation, testClass), field.getType(), target);
            try {
                field.setAccessible(true);
                field.set(instance, value);
            } catch (ReflectiveOperationException | RuntimeException e) {
                throw new ExtensionConfigurationException(
                        target
                                + " can't be set: its module must open its package to this extension, as it does to JUnit",
                        e);
            }
        }
    }

    /** Checks the type before a server is started for nothing. */
    private static Object value(Place place, Class<?> type, String target) {
        if (type == ConnectServerHandle.class) {
            return server(place);
        }
        if (type == String.class) {
            return server(place).urlWithToken();
        }
        throw new ExtensionConfigurationException(target + " is a " + type.getName()
                + ", but @ConnectServer gives a ConnectServerHandle or a String, the URL");
    }
}
